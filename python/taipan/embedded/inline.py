"""WSGI on Node's own thread: one call runs an application from request to response.

Responses that are sent block by block, or wait for a slow client, continue in later calls, so that
other requests are served, too.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from marshal import loads
from time import monotonic
from typing import Protocol

from taipan.dispatch import Dispatcher, Request
from taipan.embedded.forks import end_children_at
from taipan.embedded.helpers import Helper, Helpers
from taipan.embedded.inline_stream import InlineStream
from taipan.embedded.memory import SharedMemory
from taipan.embedded.turn_timeout import TurnTimeout
from taipan.events import Reporter
from taipan.frames import HEADER, HEADER_BYTES, REQUEST, Decoder
from taipan.stacks import RunningRequest, Stack, capture_thread
from taipan.tracebacks import format_exception, summarize
from taipan.wsgi.environ import request_id, request_line

_FRAME = HEADER.pack
_UNPACK = HEADER.unpack_from
#: Size of the tuple of a WSGI request, in its second byte; an ASGI request has four items.
_WSGI_SIZE = 3


class Other(Protocol):
    """Receives the frames for ASGI applications."""

    def receive(self, data: bytes) -> None:
        """Accepts any piece of the byte stream."""


class InlineHub:
    """Takes frames from shared memory, runs WSGI applications, and puts their responses there.

    All methods are called on Node's thread.
    """

    def __init__(
        self, memory: SharedMemory, dispatcher: Dispatcher, reporter: Reporter, limit: int
    ) -> None:
        self.memory = memory
        #: Bytes from `write()` that one request may buffer for its client.
        self.limit = limit
        #: Receiver of requests for ASGI applications.
        self.other: Other | None = None
        #: Is told what runs, when there is a limit of time.
        self.timeout: TurnTimeout | None = None
        #: What runs since `timeout.began`, where there is a limit.
        self._running: Request | None = None
        self._begin_request = dispatcher.begin
        self._dispatcher = dispatcher
        self._reporter = reporter
        self._decoder = Decoder()
        self._streams: dict[int, InlineStream] = {}
        #: Streams that can continue.
        self.ready: deque[InlineStream] = deque()
        #: Reused for requests that are answered within one call.
        self._spare: InlineStream | None = None
        self._helpers = Helpers()

    def receive(self, size: int) -> None:
        """Takes `size` bytes out of the memory."""
        view = self.memory.input
        if not self._decoder.empty:
            self._decoder.feed(view[:size])
            for kind, flags, number, payload in self._decoder.frames():
                self._take(kind, flags, number, memoryview(payload))
            return
        at = 0
        while size - at >= HEADER_BYTES:
            kind, flags, number, length = _UNPACK(view, at)
            start = at + HEADER_BYTES
            if start + length > size:
                break
            at = start + length
            if kind == REQUEST and view[start + 1] == _WSGI_SIZE:
                self._begin(number, loads(view[start:at]))
            else:
                self._take(kind, flags, number, view[start:at])
        if at < size:
            self._decoder.feed(view[at:size])
        self._running = None

    def advance(self, count: int) -> None:
        """Lets the first `count` ready streams continue once."""
        ready = self.ready
        for _ in range(count):
            if self.memory.rest:
                return
            stream = ready.popleft()
            stream.ready = False
            if stream.over:
                continue
            self._enter(stream)
            stream.advance()
            self._settle(stream)
        self._running = None

    def wake(self, stream: InlineStream) -> None:
        """Makes a stream ready."""
        if not stream.ready:
            stream.ready = True
            self.ready.append(stream)

    def proceed(self, stream: InlineStream, error: BaseException | None = None) -> None:
        """Runs the next step of a response, or ends it with an error."""
        rest = stream.rest
        assert rest is not None
        try:
            if self._dispatcher.proceed(rest, stream.request, error):
                if error is None:
                    return
                rest.close()
        except BaseException as failure:
            self._fail(stream, failure)
        stream.rest = None

    def find(self, number: int, request: str) -> Stack | None:
        """The stack of a request that runs in a helper thread. Safe in any thread."""
        stream = self._streams.get(number)
        if stream is None or stream.request != request or stream.helper is None:
            return None
        return capture_thread(stream.helper.ident)

    def find_running(self) -> RunningRequest | None:
        """The request that runs at the moment; any thread may ask. Only where there is a limit."""
        running = self._running
        if running is None:
            return None
        index, sent, _ = running
        request = request_id(sent) or ""
        ident = 0
        for stream in list(self._streams.values()):
            if stream.request == request and stream.helper is not None:
                ident = stream.helper.ident
        name = self._dispatcher.application_name(index)
        return RunningRequest(request, name, *request_line(sent), ident)

    def close(self) -> None:
        """Aborts all streams."""
        for stream in list(self._streams.values()):
            stream.leave("the server is stopping")
        while self.ready:
            self.memory.drop()
            self.advance(len(self.ready))
        self._helpers.close()

    def _take(self, kind: int, flags: int, number: int, payload: memoryview) -> None:
        if kind == REQUEST:
            if payload[1] != _WSGI_SIZE:
                self._forward(kind, flags, number, payload)
            else:
                self._begin(number, loads(payload))
        elif (stream := self._streams.get(number)) is not None:
            self._enter(stream)
            stream.take_frame(kind, flags, bytes(payload))
            self._settle(stream)
        else:
            self._forward(kind, flags, number, payload)

    def _forward(self, kind: int, flags: int, number: int, payload: memoryview) -> None:
        self._running = None
        if self.other is not None:
            self.other.receive(_FRAME(kind, flags, number, len(payload)) + payload)

    def _begin(self, number: int, request: Request) -> None:
        timeout = self.timeout
        if timeout is not None:
            self._running = request
            timeout.began = monotonic()
        stream = self._spare
        if stream is None:
            stream = InlineStream(self)
        else:
            self._spare = None
            stream.over = stream.finished = False
        stream.number = number
        stream.request = request_id(request[1])
        if request[2] is None:
            self._keep(stream, request)
            self._helpers.begin(partial(self._run_on, stream, request))
            self._settle(stream)
            return
        try:
            rest = self._begin_request(request, stream)
            if rest is not None:
                stream.rest = rest
                self.proceed(stream)
        except BaseException as error:
            self._fail(stream, error)
        if stream.whole:
            stream.whole = False
            self._spare = stream
        elif not stream.over:
            self._keep(stream, request)
            self._settle(stream)

    def _keep(self, stream: InlineStream, request: Request) -> None:
        self._streams[stream.number] = stream
        if self.timeout is not None:
            index, sent, _ = request
            stream.origin = index, sent, None

    def _enter(self, stream: InlineStream) -> None:
        """Code of its application may run from now on."""
        if self.timeout is not None:
            self._running = stream.origin
            self.timeout.began = monotonic()

    def _run_on(self, stream: InlineStream, request: Request, helper: Helper) -> None:
        stream.helper = helper
        try:
            if stream.broken:
                stream.finish()
                return
            rest = self._begin_request(request, stream)
            while rest is not None and self._dispatcher.proceed(rest, stream.request):
                pass
        except BaseException as error:
            self._fail(stream, error)
        finally:
            stream.helper = None
            if stream.over:
                self._streams.pop(stream.number, None)

    def _settle(self, stream: InlineStream) -> None:
        if stream.over:
            self._streams.pop(stream.number, None)
        elif stream.runnable:
            self.wake(stream)

    def _fail(self, stream: InlineStream, error: BaseException) -> None:
        self._reporter.report("error", summarize(error), format_exception(error))
        stream.abort(summarize(error))
        stream.finish()


end_children_at(InlineHub, "_begin", "_take", "advance", "proceed")
