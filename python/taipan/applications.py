"""The applications of a configuration: which are loaded, and which of them a worker needs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from taipan.control import ControlChannel
from taipan.load_watch import LoadWatch
from taipan.loader.beside import refuse_loop
from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import LeftOut
from taipan.loader.slot import Slot, make_slot
from taipan.logs import Logs
from taipan.native import get_ident, has_greenlets
from taipan.stacks import Stack, capture_thread
from taipan.stopping import Stopping
from taipan.wsgi import base_environ

if TYPE_CHECKING:
    from taipan.loader.debug_switches import DebugSwitches

_GREENLETS = (
    "the application has replaced threads by greenlets (gevent, eventlet), but runs on an event"
    " loop, which does not run greenlets: asyncio.to_thread() and its threads may wait forever;"
    " do not replace threads: use patch_all(thread=False, queue=False) of gevent or"
    " monkey_patch(thread=False) of eventlet, or serve the application by WSGI"
)


class Applications:
    """Loads the applications of a configuration, and tells Node what becomes of them.

    `stand_ins` are in place of those that other interpreters serve, by index.
    """

    def __init__(
        self,
        channel: ControlChannel,
        config: Mapping[str, Any],
        logs: Logs,
        stopping: Stopping,
        stand_ins: Mapping[int, Slot],
    ) -> None:
        self._channel = channel
        self._config = config
        self._logs = logs
        self._stopping = stopping
        #: Requests show why an application cannot be served.
        self._explains = bool(config.get("dev", False))
        cache = CodeCache()
        switches = _make_switches() if self._explains else None
        self.slots = [
            stand_ins.get(index) or self._make_slot(item, cache, switches)
            for index, item in enumerate(config["applications"])
        ]
        for slot in self.slots:
            slot.on_change = partial(self._tell_change, slot)
            if not config.get("loadsChanges", True) and not slot.loads_in_requests:
                slot.ask_for_another = partial(self._ask_for_another, slot)
        #: Of which it must serve at least one, by name; they are loaded first.
        self._one_of: list[str] = list(config.get("oneOf", []))
        #: That this worker must serve, by name; they are loaded next.
        self._required: list[str] = list(config.get("required", []))
        self._watch = LoadWatch(channel.send, float(config.get("startupTimeout", 0)) / 1000)
        self._leave_out(config.get("leftOut", []))

    def load(self) -> bool:
        """Loads them. False, after telling Node, if the worker is not worth keeping."""
        for slot in sorted(self.slots, key=self._urgency):
            if self.fatal is not None:
                break
            if slot.failure is None:
                self.load_slot(slot)
        self.tell_loading(None)
        if self._config.get("mainThread"):
            refuse_loop(self.slots)
        if self.needs_loop and has_greenlets():
            self._logs.report("warning", _GREENLETS)
        if self.fatal is not None:
            self.report_failed(self.fatal)
        return self.fatal is None

    def _make_slot(
        self, item: Mapping[str, Any], cache: CodeCache, switches: DebugSwitches | None
    ) -> Slot:
        # Loaded here, because many workers serve neither, and both are large.
        if item["kind"] == "scripts":
            from taipan.scripts.slot import make_script_slot

            return make_script_slot(item, self._config, self._logs)
        if item["kind"] == "guard":
            from taipan.guards.slot import make_guard_slot

            return make_guard_slot(item)
        return make_slot(item, cache, switches)

    def _leave_out(self, items: Sequence[Mapping[str, str]]) -> None:
        known = {item["name"]: item for item in items}
        for slot in self.slots:
            if slot.name in known:
                item = known[slot.name]
                slot.fail(LeftOut(item["failure"], item["traceback"]))

    def _urgency(self, slot: Slot) -> int:
        order = [*self._one_of, *self._required]
        return order.index(slot.name) if slot.name in order else len(order)

    def load_slot(self, slot: Slot) -> None:
        """Loads an application, and tells Node that it is being loaded."""
        self.tell_loading(slot.name)
        slot.base = base_environ(
            self._logs.errors,
            multithread=bool(self._config["multithread"]) and slot.multithread,
            multiprocess=bool(self._config["multiprocess"]),
            run_once=slot.run_once or self._config.get("isolation") == "fresh",
        )
        slot.base["taipan.stopping"] = self._stopping
        try:
            slot.load()
        except BaseException:
            # The slot keeps the error.
            self._logs.flush()
        if slot.notice:
            self._logs.report("warning", slot.notice)

    @property
    def fatal(self) -> Slot | None:
        """A failed application without which this worker is not worth keeping."""
        failed = [slot for slot in self.slots if slot.failure is not None]
        for slot in failed:
            if slot.name in self._required:
                return slot
        one_of = [slot for slot in self.slots if slot.name in self._one_of]
        if one_of and all(slot.failure is not None for slot in one_of):
            return one_of[0]
        serves = any(slot.failure is None and not slot.guards for slot in self.slots)
        if serves or any(slot.late for slot in failed) or self._explains:
            return None
        news = [slot for slot in failed if not isinstance(slot.failure, LeftOut)]
        return next(iter(news or failed), None)

    def report_failed(self, slot: Slot) -> None:
        """Tells Node that this worker ends because of this application."""
        facts = slot.describe()
        # Of those that Node demands it knows how they failed before.
        demanded = self._one_of or self._required
        others = [] if demanded else [other for other in self.slots if other is not slot]
        self._channel.send(
            {
                "type": "failed",
                "application": facts["name"],
                "summary": facts["failure"],
                "traceback": facts["traceback"],
                "applications": [other.describe() for other in others],
            }
        )

    def tell_loading(self, name: str | None, find_stack: Callable[[], Stack] | None = None) -> None:
        """Tells Node which application is being loaded or started, in case that ends the worker.

        `find_stack` gives the stack of what does that, by default of the calling thread.
        """
        self._channel.send({"type": "loading", "application": name})
        if name is None:
            self._watch.end()
        else:
            self._watch.begin(name, find_stack or partial(capture_thread, get_ident()))

    @property
    def may_need_loop(self) -> bool:
        """Whether a loop may be needed, as far as is known before loading."""
        return any(slot.interface in ("auto", "asgi") for slot in self.slots)

    @property
    def needs_loop(self) -> bool:
        """Whether an application runs on an event loop."""
        return any(slot.interface == "asgi" for slot in self.slots)

    def _tell_change(self, slot: Slot) -> None:
        self._channel.send({"type": "application", **slot.describe()})

    def _ask_for_another(self, slot: Slot, version: str) -> None:
        self._channel.send({"type": "changed", "application": slot.name, "version": version})


def _make_switches() -> DebugSwitches:
    # Loaded here, because only `--dev` needs it.
    from taipan.loader.debug_switches import DebugSwitches

    return DebugSwitches(os.environ, os.getcwd())
