"""The applications and threads of a worker, in a process of its own or inside Node."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from taipan.control import ControlChannel, Message
from taipan.dispatch import Dispatcher, OtherInterpreters, Request, ServedElsewhere
from taipan.events import Development, Editor, TransportClosed
from taipan.frames import FrameError
from taipan.load_watch import LoadWatch
from taipan.loader.beside import refuse_loop
from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import LeftOut
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.slot import Slot, make_slot
from taipan.logs import Logs, Requests
from taipan.mod_wsgi.finder import install_finder
from taipan.mod_wsgi.place import PLACE
from taipan.named_code import NotThere
from taipan.native import (
    NativeThread,
    allocate_lock,
    get_ident,
    has_greenlets,
    prepare_green_waits,
    socket,
)
from taipan.request_timeout import RequestTimeout
from taipan.stacks import Stack, capture_thread, format_stack, note_thread
from taipan.stopping import Stopping, tell_stopping
from taipan.transports.socket import ThreadSocket
from taipan.wsgi import WsgiSettings, base_environ

if TYPE_CHECKING:
    from taipan.loader.debug_switches import DebugSwitches

_GREENLETS = (
    "the application has replaced threads by greenlets (gevent, eventlet), but runs on an event"
    " loop, which does not run greenlets: asyncio.to_thread() and its threads may wait forever;"
    " do not replace threads: use patch_all(thread=False, queue=False) of gevent or"
    " monkey_patch(thread=False) of eventlet, or serve the application by WSGI"
)


class Serving:
    """The applications of a configuration, the threads that serve them, and the answers to Node.

    `others` are the interpreters that serve some of the applications in its place.
    """

    def __init__(
        self,
        channel: ControlChannel,
        config: Mapping[str, Any],
        sockets: Sequence[socket],
        output: tuple[Logs, Requests],
        others: OtherInterpreters | None = None,
    ) -> None:
        logs, requests = output
        self.channel = channel
        self.config = config
        self.logs = logs
        self.requests = requests
        dev = _development(config)
        #: Requests show why an application cannot be served.
        self._explains = dev is not None
        self.stopping = Stopping()
        self.settings = WsgiSettings(logs, dev, self.stopping)
        cache = CodeCache()
        switches = None if dev is None else _make_switches()
        self._others = others
        stand_ins = {} if others is None else others.stand_ins(config["applications"])
        self.slots = [
            stand_ins.get(index) or self._make_slot(item, cache, switches)
            for index, item in enumerate(config["applications"])
        ]
        for slot in self.slots:
            slot.on_change = partial(self._tell_change, slot)
            if not config.get("loadsChanges", True) and not slot.loads_in_requests:
                slot.ask_for_another = partial(self._ask_for_another, slot)
        self.dispatcher = Dispatcher(self.slots, logs, requests, self.settings)
        self.dispatcher.elsewhere = set(stand_ins)
        self.threads: list[NativeThread] = []
        #: Returns the stack of a request on the event loop, also after it was cancelled.
        self.find_stream: Callable[[int, str], Stack | None] = lambda _number, _request: None
        #: Called when Node has been told that the worker is ready.
        self.on_ready: Callable[[], None] = lambda: None
        #: Name of the event loop; None if no application needs one.
        self.loop: str | None = None
        #: Applications of which it must serve at least one, by name; they are loaded first.
        self._one_of: list[str] = list(config.get("oneOf", []))
        #: Applications that this worker must serve, by name; they are loaded next.
        self._required: list[str] = list(config.get("required", []))
        self._watch = LoadWatch(channel.send, float(config.get("startupTimeout", 0)) / 1000)
        self._leave_out(config.get("leftOut", []))
        self._idents: dict[int, int] = {}
        self._starting = allocate_lock()
        self.connect(sockets)

    def handlers(self) -> dict[str, Callable[[Message], None]]:
        """Handlers for the messages of the control channel."""
        return {
            "ping": lambda message: self.channel.send({"type": "pong", "id": message.get("id")}),
            "interrupt": self._on_interrupt,
            "recall": self._on_recall,
            "stopping": self._on_stopping,
            "stacks": self._on_stacks,
        }

    def connect(self, sockets: Sequence[socket]) -> None:
        """Gives it the sockets of its threads, where they were not known when it was made."""
        self._sockets = sockets
        self._transports = {index: ThreadSocket(sock) for index, sock in enumerate(sockets)}
        self._waiting = iter(list(self._transports.items()))

    def load(self) -> bool:
        """Loads the applications. False, after telling Node, if the worker is not worth keeping."""
        self.prepare()
        for slot in sorted(self.slots, key=self._urgency):
            if self.fatal is not None:
                break
            if slot.failure is None:
                self.load_slot(slot)
        self.tell_loading(None)
        if self.on_main_thread:
            refuse_loop(self.slots)
        if self.needs_loop and has_greenlets():
            self.logs.report("warning", _GREENLETS)
        if self.fatal is not None:
            self.report_failed(self.fatal)
        return self.fatal is None

    def _make_slot(
        self, item: Mapping[str, Any], cache: CodeCache, switches: DebugSwitches | None
    ) -> Slot:
        # Loaded here, because many workers serve neither, and both are large.
        if item["kind"] == "scripts":
            from taipan.scripts.slot import make_script_slot

            return make_script_slot(item, self.config, self.logs)
        if item["kind"] == "guard":
            from taipan.guards.slot import make_guard_slot

            return make_guard_slot(item)
        return make_slot(item, cache, switches)

    def prepare(self) -> None:
        """Sets what applications find in `sys`."""
        PLACE.configure(self.config, self._observe)
        install_finder()
        if self.config.get("environ") == "mod_wsgi":
            self._observe()
        sys.argv = [str(argument) for argument in self.config.get("argv") or [""]]
        sys.path[:0] = [
            folder for folder in self.config.get("searchPath", []) if folder not in sys.path
        ]

    def _observe(self) -> None:
        if self.dispatcher.observe is None:
            # Imported late, because few applications need it.
            from taipan.mod_wsgi.observer import Observer

            self.dispatcher.observe = Observer(self.config).run

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
            self.logs.errors,
            multithread=bool(self.config["multithread"]) and slot.multithread,
            multiprocess=bool(self.config["multiprocess"]),
            run_once=slot.run_once or self.config.get("isolation") == "fresh",
        )
        slot.base["taipan.stopping"] = self.stopping
        try:
            slot.load()
        except BaseException:
            # The slot keeps the error.
            self.logs.flush()
        if slot.notice:
            self.logs.report("warning", slot.notice)

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
        self.channel.send(
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
        self.channel.send({"type": "loading", "application": name})
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

    @property
    def on_main_thread(self) -> bool:
        """Whether requests for WSGI applications run on the main thread of this process."""
        return bool(self.config.get("mainThread"))

    def start_threads(self, on_ready: Callable[[], None], on_broken: Callable[[str], None]) -> None:
        """Starts one thread for each socket; continues there if it was interrupted.

        `on_ready` is called once, when all threads wait for requests; `on_broken` in a thread that
        has to end, with the reason.
        """
        prepare_green_waits()
        for index, transport in self._waiting:
            thread = NativeThread(
                self._serve_socket,
                f"taipan-{index}",
                (index, transport, on_ready, on_broken),
                daemon=False,
            )
            self.threads.append(thread)
            thread.start()

    def report_ready(self) -> None:
        """Tells Node that the worker is ready for requests."""
        message: dict[str, object] = {
            "type": "ready",
            "python": platform.python_version(),
            "applications": [slot.describe() for slot in self.slots],
        }
        if self.loop is not None:
            message["loop"] = self.loop
        self.channel.send(message)
        self.on_ready()

    def _tell_change(self, slot: Slot) -> None:
        self.channel.send({"type": "application", **slot.describe()})

    def _ask_for_another(self, slot: Slot, version: str) -> None:
        self.channel.send({"type": "changed", "application": slot.name, "version": version})

    def report_not_there(self, error: NotThere) -> None:
        """Tells Node that the configuration names code that is not there."""
        self.logs.flush()
        self.channel.send(
            {"type": "failed", "application": None, "summary": str(error), "traceback": ""}
        )

    def report_loop_failure(self, error: BaseException) -> None:
        """Tells Node that no application can be served on an event loop."""
        self.logs.flush()
        self.channel.send(
            {
                "type": "failed",
                "application": None,
                "summary": explain_load_error(error),
                "traceback": format_load_error(error),
            }
        )

    def _serve_socket(
        self,
        index: int,
        transport: ThreadSocket,
        on_ready: Callable[[], None],
        on_broken: Callable[[str], None],
    ) -> None:
        with self._starting:
            self._idents[index] = get_ident()
            if len(self._idents) == len(self._sockets):
                on_ready()
        self._serve_requests(index, transport, on_broken)

    def serve_here(
        self, index: int, on_ready: Callable[[], None], on_broken: Callable[[str], None]
    ) -> None:
        """Serves the socket of a thread in this thread, until Node or `shutdown` closes it.

        Exceptions of signal handlers between requests are passed on; call it again then.
        """
        prepare_green_waits()
        self._idents[index] = get_ident()
        note_thread()
        transport = self._transports[index]
        on_ready()
        try:
            transport.serve(self.dispatcher.dispatch)
        except TransportClosed:
            pass
        except RequestTimeout:
            # It was injected between two requests.
            transport.finish()
        except (OSError, FrameError) as error:
            transport.finish()
            if isinstance(error, TimeoutError):
                # The socket has no limit: it is of a signal handler.
                raise
            on_broken(f"the socket of thread {index} failed: {error!r}")
        except BaseException:
            transport.finish()
            raise

    def serve_from(
        self, index: int, sock: socket, state: bytes, on_broken: Callable[[str], None]
    ) -> None:
        """Serves the socket of a thread in the place of another interpreter, in this thread."""
        self._idents[index] = get_ident()
        transport = self._transports[index] = ThreadSocket(sock)
        self._serve_requests(index, transport, on_broken, transport.arrive(state))

    def _serve_requests(
        self,
        index: int,
        transport: ThreadSocket,
        on_broken: Callable[[str], None],
        first: Request | None = None,
    ) -> None:
        note_thread()
        dispatcher = self.dispatcher
        dispatch = dispatcher.dispatch if self._others is None else dispatcher.dispatch_own
        foreign: Request | None = None
        while True:
            try:
                if foreign is not None:
                    first, foreign = self._hand_over(index, transport, foreign), None
                    if first is None:
                        return
                request, first = first, None
                transport.serve(dispatch, request)
                return
            except ServedElsewhere as elsewhere:
                foreign = elsewhere.request
            except TransportClosed:
                return
            except RequestTimeout:
                # An interrupt was injected between two requests.
                transport.finish()
            except BaseException as error:
                on_broken(f"the socket of thread {index} failed: {error!r}")
                return

    def _hand_over(self, index: int, transport: ThreadSocket, request: Request) -> Request | None:
        """Has requests served elsewhere; returns the first one that is to be served here again."""
        assert self._others is not None
        state = self._others.serve(index, request[0], transport.leave(request))
        return None if state is None else transport.arrive(state)

    def _is_elsewhere(self, message: Message) -> bool:
        """Whether a message about a thread was passed on to another interpreter."""
        others = self._others
        return (
            others is not None
            and "thread" in message
            and others.pass_on(int(message["thread"]), message)
        )

    def _on_interrupt(self, message: Message) -> None:
        if self._is_elsewhere(message):
            return
        request = str(message["request"])
        stack: Stack | None = None
        if "stream" in message:
            stack = self.find_stream(int(message["stream"]), request)
        elif (ident := self._idents.get(int(message["thread"]))) is not None:
            stack = self.dispatcher.interrupt(ident, request)
        self.channel.send(
            {
                "type": "interrupted",
                "request": request,
                "facts": message.get("facts"),
                "stack": "" if stack is None else format_stack(stack),
            }
        )

    def tell_stopping(self) -> None:
        """Tells the applications that this worker begins to end. May be called again."""
        tell_stopping(self.stopping)

    def _on_stopping(self, message: Message) -> None:
        PLACE.note_end(str(message.get("reason", "")))
        self.tell_stopping()
        if self._others is not None:
            self._others.tell(message)

    def _on_stacks(self, message: Message) -> None:
        # Imported late, because hardly any worker is asked.
        from taipan.running import describe_running

        idents = self._idents
        elsewhere = 0
        if "thread" not in message:
            elsewhere = sum(self._is_elsewhere({**message, "thread": index}) for index in idents)
        found = describe_running(message, idents, self.requests, self.find_stream)
        self.channel.send({**found, "more": elsewhere})

    def _on_recall(self, message: Message) -> None:
        index = int(message["thread"])
        serials = self._transports[index].recall()
        if serials is None:
            if self._is_elsewhere(message):
                return
            serials = []
        self.channel.send({"type": "recalled", "thread": index, "requests": serials})


def _make_switches() -> DebugSwitches:
    # Loaded here, because only `--dev` needs it.
    from taipan.loader.debug_switches import DebugSwitches

    return DebugSwitches(os.environ, os.getcwd())


def _development(config: Mapping[str, Any]) -> Development | None:
    if not config.get("dev", False):
        return None
    editor = config.get("editor")
    return Development(editor and Editor(**editor))
