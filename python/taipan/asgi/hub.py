"""Connects frames of Node with the ASGI applications of an event loop."""

from __future__ import annotations

import asyncio
import asyncio.base_events
import marshal
import sys
from asyncio import _get_running_loop
from collections.abc import Sequence
from functools import partial
from time import monotonic
from typing import Any, Callable, Optional

from taipan.answers import plain_answer
from taipan.asgi import cancelled
from taipan.asgi.http import HttpStream
from taipan.asgi.lifespan import StartupFailed
from taipan.asgi.mount import Mount
from taipan.asgi.outbox import Outbox
from taipan.asgi.response import ResponseStream
from taipan.asgi.response_writer import ENDED
from taipan.asgi.scope import Scope, complete_websocket, make_http
from taipan.asgi.stopping import KEY, LoopStopping
from taipan.asgi.stream import Stream
from taipan.asgi.websocket import WebSocketStream
from taipan.events import Application, Settings
from taipan.frames import (
    DATA_FREE,
    FREE,
    HEADER,
    PAYLOAD_LIMIT,
    REQUEST,
    FrameError,
)
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.slot import NotLoaded, Refusal, Slot
from taipan.logs import CURRENT_REQUEST
from taipan.native import get_ident, has_greenlets
from taipan.stacks import RunningRequest, Stack, capture_task, capture_thread
from taipan.tracebacks import format_exception, summarize

#: Time for a lifespan to end.
SHUTDOWN_SECONDS = 10.0
#: Time for cancelled tasks to end, and for each other step of the end.
_STEP_SECONDS = 1.0

_EAGER = sys.version_info >= (3, 12)
#: anyio finds by this callback the task at whose end it ends its worker threads.
_MARK: Any = getattr(asyncio.base_events, "_run_until_complete_cb", None)

#: Takes the name of an application and the function that gives the stack of its start.
OnNext = Callable[[Optional[str], Optional[Callable[[], Stack]]], None]


class StreamHub:
    """Receives bytes of frames, runs applications as tasks, and makes bytes of frames.

    All methods are called on the thread of the event loop.
    """

    def __init__(
        self, slots: Sequence[Slot], settings: Settings, on_output: Callable[[], None]
    ) -> None:
        self.settings = settings
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        #: Number of streams whose application has not returned.
        self.active = 0
        self._slots = slots
        self._outbox = Outbox(on_output)
        self._streams: dict[int, ResponseStream] = {}
        self._pending = bytearray()
        self._missing = 0
        self._mounts: list[Mount] = []
        self._thread = 0
        self._foreign: set[asyncio.Task[Any]] = set()
        self._root: asyncio.Task[None]

    def receive(self, data: bytes | bytearray | memoryview) -> None:
        """Receives the next bytes from Node. Raises `FrameError`."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._missing:
                return
            data = bytes(self._pending)
            self._pending.clear()
        elif type(data) is not bytes:
            data = bytes(data)
        size = len(data)
        at = 0
        unpack = HEADER.unpack_from
        streams = self._streams
        while size - at >= 8:
            kind, flags, number, length = unpack(data, at)
            start = at + 8
            at = start + length
            if at > size:
                if length > PAYLOAD_LIMIT:
                    raise FrameError(f"a frame of type {kind} announces {length} bytes")
                at = start - 8
                self._missing = 8 + length
                break
            if kind == REQUEST:
                self._begin(number, data[start:at])
            elif (stream := streams.get(number)) is not None:
                stream.on_frame(kind, flags, data[start:at])
        else:
            self._missing = 8
        if at < size:
            self._pending += memoryview(data)[at:]

    def take_output(self) -> bytes:
        """Removes and returns all frames."""
        return self._outbox.take()

    def find(self, number: int, request: str) -> Stack | None:
        """The stack of a request, also after it was cancelled. Safe in any thread."""
        stack = cancelled.find(request)
        stream = self._streams.get(number)
        if stack is not None or stream is None or stream.request != request:
            return stack
        if stream.task is None and stream.started:
            # The first step of its task, which is known only after that.
            return capture_thread(self._thread)
        return capture_task(stream.task, self._thread)

    def find_running(self) -> RunningRequest | None:
        """The request whose task runs at the moment, as far as it is known; any thread may ask."""
        task = asyncio.current_task(self.loop)
        if task is None:
            return None
        request = _request_of(task)
        for stream in list(self._streams.values()):
            if stream.task is task or stream.request == request:
                scope = stream.scope
                name = self._slots[stream.index].name
                path = scope.get("raw_path", b"").decode("latin-1")
                return RunningRequest(stream.request, name, scope.get("method", "GET"), path, 0)
        return None

    async def startup(self, on_next: OnNext) -> None:
        """Starts the lifespans of the applications; a failure is kept in the slot.

        `on_next` gets the name of each application before its lifespan, with a function that gives
        the stack of that, and None at the end.
        """
        self.loop = asyncio.get_running_loop()
        self._thread = get_ident()
        self.loop.set_exception_handler(self._on_loop_error)
        self._foreign = asyncio.all_tasks()
        self._root = self.loop.create_task(_wait_forever())
        if _MARK is not None:
            self._root.add_done_callback(_MARK)
        stopping = self.settings.stopping
        given = {} if stopping is None else {KEY: LoopStopping(stopping)}
        self._mounts = [Mount(slot, self.settings.reporter, given) for slot in self._slots]
        try:
            for mount in self._mounts:
                on_next(mount.slot.name, partial(mount.capture_startup, self._thread))
                try:
                    await mount.startup()
                except StartupFailed as error:
                    mount.slot.fail(error)
            on_next(None, None)
        except BaseException:
            await self.shutdown()
            raise

    async def shutdown(self, seconds: float = SHUTDOWN_SECONDS, deadline: float = 0) -> None:
        """Cancels what still runs and ends the lifespans; each may take `seconds`.

        Threads of the default executor may run until `deadline` (`monotonic()`).
        """
        step = min(seconds, _STEP_SECONDS)
        await self._end_streams(step)
        for mount in reversed(self._mounts):
            await mount.shutdown(seconds)
        if _MARK is not None:
            # Otherwise the callback would stop the loop.
            self._root.remove_done_callback(_MARK)
        await self._end_tasks(step)
        await self._end_step(self.loop.shutdown_asyncgens(), "asynchronous generators", step)
        if not has_greenlets():
            patience = max(step, deadline - monotonic())
            # The end of the process logs the threads that it cuts off.
            await self._end_step(self.loop.shutdown_default_executor(), None, patience)

    async def _end_streams(self, seconds: float) -> None:
        streams = [stream for stream in self._streams.values() if not stream.returned]
        for stream in streams:
            stream.cancel()
        tasks = {stream.task for stream in streams if stream.task is not None}
        if not tasks:
            return
        # If their clients disconnected long ago, no other record names them.
        names = ", ".join(stream.request for stream in streams[:10])
        self.settings.reporter.report("info", f"cancelling requests: {names}")
        await asyncio.wait(tasks, timeout=seconds)
        left = [stream.request for stream in streams if not stream.returned]
        if left:
            self.settings.reporter.report(
                "warning", f"requests did not end when they were cancelled: {', '.join(left[:10])}"
            )

    async def _end_tasks(self, seconds: float) -> None:
        tasks = asyncio.all_tasks() - self._foreign - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=seconds)
        if left:
            names = ", ".join(sorted(_name_of(task) for task in left)[:10])
            self.settings.reporter.report(
                "warning", f"tasks did not end when they were cancelled: {names}"
            )

    async def _end_step(self, step: Any, what: str | None, seconds: float) -> None:
        # Not wait_for, because what it cancels may block the loop until its threads have ended.
        task = self.loop.create_task(step)
        await asyncio.wait({task}, timeout=seconds)
        if not task.done():
            if what is not None:
                self.settings.reporter.report("warning", f"{what} did not end within {seconds:g} s")
        elif not task.cancelled() and (error := task.exception()) is not None:
            self.settings.reporter.report("error", summarize(error), format_exception(error))

    def _on_loop_error(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        text = str(context.get("message") or "the event loop caught an exception")
        if isinstance(error, BaseException):
            text = f"{text}: {summarize(error)}"
        traceback = format_exception(error) if isinstance(error, BaseException) else None
        self.settings.reporter.report("error", text, traceback)

    def _begin(self, number: int, payload: bytes) -> None:
        index, request, sent, body = marshal.loads(payload)
        if number in self._streams:
            raise FrameError(f"stream {number} was begun twice")
        mount = self._mounts[index]
        stream: ResponseStream
        if type(sent) is tuple or sent["type"] == "http":
            scope, offers = make_http(sent, payload, mount.state, mount.known)
            is_head = scope["method"] == "HEAD"
            stream = HttpStream(self._outbox, self.settings, number, request, is_head, body, offers)
        else:
            scope = sent
            complete_websocket(scope, mount.state)
            stream = WebSocketStream(self._outbox, self.settings, number, request)
        stream.index = index
        stream.scope = scope
        self._streams[number] = stream
        self.active += 1
        coroutine = self._run(stream, mount, scope)
        if _EAGER and _get_running_loop() is self.loop:
            stream.task = asyncio.Task(coroutine, loop=self.loop, eager_start=True)  # type: ignore[call-arg,unused-ignore]
        else:
            stream.task = asyncio.Task(coroutine, loop=self.loop)

    async def _run(self, stream: Any, mount: Mount, scope: Scope) -> None:
        stream.started = True
        CURRENT_REQUEST.set(stream.request)
        try:
            if not stream.cancelled:
                application = mount.application
                if application is None:
                    application = await self._resolve(stream, mount, scope)
                if application is not None:
                    await application(scope, stream.receive, stream.send)
                if stream.phase != ENDED:
                    stream.end()
        except BaseException as error:
            stream.fail(error)
        self.settings.reporter.end_request()
        self.active -= 1
        stream.returned = True
        if stream.remainder is None and stream.file is None:
            self._free(stream)
        else:
            stream.on_over = self._free

    def _free(self, stream: Stream) -> None:
        """The stream is over: marks its last frame, or sends another one if that has left."""
        if self._streams.pop(stream.number, None) is None:
            return
        outbox = self._outbox
        if stream.turn == outbox.turn:
            parts = outbox.parts
            head = parts[stream.tail]
            parts[stream.tail] = bytes((head[0], head[1] | DATA_FREE)) + head[2:]
        else:
            outbox.put((HEADER.pack(FREE, 0, stream.number, 0),))

    async def _resolve(
        self, stream: ResponseStream, mount: Mount, scope: Scope
    ) -> Application | None:
        """The application; None if the request has been answered with an error."""
        try:
            return await mount.resolve(scope, SHUTDOWN_SECONDS)
        except Refusal as refusal:
            if refusal.record:
                self.settings.reporter.report("error", refusal.record)
            fields, body = plain_answer(f"{refusal}\n")
            stream.answer(refusal.status, b"\r\n" + fields, body)
        except asyncio.CancelledError:
            raise
        except NotLoaded as known:
            stream.refuse(known.error, 503)
        except BaseException as error:
            if mount.slot.run_once:
                name = mount.slot.name
                text = f"application {name} could not be loaded: {explain_load_error(error)}"
                self.settings.reporter.report("error", text, format_load_error(error) or None)
            stream.refuse(error, 503)
        return None


async def _wait_forever() -> None:
    await asyncio.get_running_loop().create_future()


def _request_of(task: asyncio.Task[Any]) -> str | None:
    # Python >= 3.12; what an older one does in further tasks of a request is not named.
    context = task.get_context() if hasattr(task, "get_context") else None
    return None if context is None else context.get(CURRENT_REQUEST)


def _name_of(task: asyncio.Task[Any]) -> str:
    coroutine = task.get_coro()
    return str(getattr(coroutine, "__qualname__", None) or task.get_name())
