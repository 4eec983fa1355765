"""The event loop of a worker inside Node, and the applications on it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import Any, Callable

from taipan.asgi.hub import StreamHub
from taipan.embedded.inline import InlineHub
from taipan.embedded.node_loop import NodeEventLoop
from taipan.embedded.port import Port
from taipan.embedded.shared import tell_past_node
from taipan.embedded.turn_timeout import TurnLimit, TurnTimeout
from taipan.events import Reporter
from taipan.serving import Serving
from taipan.stacks import RunningRequest, Stack
from taipan.tracebacks import format_exception

#: Limit for bytes that `write()` of a WSGI application may buffer, if Node sends none.
_WRITE_LIMIT = 16 * 1024 * 1024


#: The worker whose loop imported modules find.
_entered: InnerLoop | None = None


class InnerLoop:
    """The event loop of a worker. All methods are called on Node's thread."""

    def __init__(self, place: Mapping[str, Any], reporter: Reporter) -> None:
        self._reporter = reporter
        self._loop = NodeEventLoop(reporter)
        self._port = Port(place, self._loop, reporter)
        self._inline: InlineHub | None = None
        self._hub: StreamHub | None = None
        self._timeout: TurnTimeout | None = None

    def open(self) -> dict[str, int]:
        """The values of `PortFacts` for Node; called once."""
        return {"turn": self._port.function, "descriptor": os.dup(self._loop.descriptor)}

    def enter(self) -> None:
        """Makes this the loop that imported modules find."""
        global _entered
        _entered = self
        asyncio.set_event_loop(self._loop)

    def start(
        self,
        serving: Serving,
        on_ready: Callable[[], None],
        on_failed: Callable[[BaseException], None],
    ) -> None:
        """Serves the applications; calls back when lifespans have started, or one has failed."""
        interfaces = [slot.interface for slot in serving.slots]
        asgi = frozenset(index for index, name in enumerate(interfaces) if name == "asgi")
        if len(asgi) < len(interfaces) and not int(serving.config["threads"]):
            limit = int(serving.config.get("responseBuffer", _WRITE_LIMIT))
            self._inline = InlineHub(self._port.memory, serving.dispatcher, self._reporter, limit)
            self._port.inline = self._inline
            serving.find_stream = self._find
        # `asyncio.run` during an import unsets the loop.
        self.enter()
        self._loop.begin()
        if not asgi:
            self._limit_turns(serving)
            on_ready()
            return
        serving.loop = "asyncio"
        self._hub = StreamHub(serving.slots, serving.settings, _ignore)
        serving.find_stream = self._find
        if self._inline is not None:
            self._inline.other = self._hub
        self._port.hub = self._hub

        def on_started(task: asyncio.Task[None]) -> None:
            if task.cancelled():
                on_failed(asyncio.CancelledError())
            elif (error := task.exception()) is None:
                self._limit_turns(serving)
                on_ready()
            else:
                on_failed(error)

        self._run(self._hub.startup(serving.applications.tell_loading)).add_done_callback(
            on_started
        )

    def stop(self, deadline: float, on_done: Callable[[], None]) -> None:
        """Ends lifespans, tasks and suspended generators, then calls back.

        Threads of the loop's executor may run until `deadline` (`monotonic()`).
        """
        self._limit_turns(None)
        if self._inline is not None:
            self._inline.close()

        def on_ended(_task: asyncio.Task[None]) -> None:
            on_done()

        self._run(self._end(deadline)).add_done_callback(on_ended)

    def close(self) -> None:
        """Closes the loop, even if `stop` has not finished. Node must not call it any more."""
        global _entered
        self._limit_turns(None)
        self._port.close()
        if _entered is self:
            _entered = None
            asyncio.set_event_loop(None)
        self._loop.dispose()

    def _limit_turns(self, serving: Serving | None) -> None:
        """Watches how long requests hold Node's thread, or does so no more."""
        if self._timeout is not None:
            self._timeout.close()
            self._timeout = None
        config = {} if serving is None else serving.config
        limit = float(config.get("requestTimeout", 0))
        if limit and (self._inline or self._hub):
            name = str(config.get("requestTimeoutName", "timeouts.request"))
            turn = TurnLimit(limit / 1000, name)
            self._timeout = TurnTimeout(turn, self._find_running, tell_past_node)
        self._port.timeout = self._timeout
        if self._inline is not None:
            self._inline.timeout = self._timeout

    def _find_running(self) -> RunningRequest | None:
        found = None if self._inline is None else self._inline.find_running()
        return found if found or self._hub is None else self._hub.find_running()

    def _find(self, number: int, request: str) -> Stack | None:
        stack = None if self._inline is None else self._inline.find(number, request)
        return stack if stack or self._hub is None else self._hub.find(number, request)

    async def _end(self, deadline: float) -> None:
        # The hub ends only its own tasks, not those that imported modules have started.
        steps: list[Callable[[], Awaitable[None]]] = [self._loop.finish]
        if self._hub is not None:
            steps.insert(0, partial(self._hub.shutdown, deadline=deadline))
        for step in steps:
            try:
                await step()
            except BaseException as error:
                self._reporter.report(
                    "error", "the event loop could not be closed", format_exception(error)
                )

    def _run(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = self._loop.create_task(coroutine)
        # Outside of its turns Node does not see ready callbacks unless it is woken.
        self._loop.call_soon_threadsafe(_ignore)
        return task


def _ignore() -> None:
    """Does nothing: Node takes the output at the end of each turn."""
