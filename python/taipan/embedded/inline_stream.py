"""A request of a WSGI application on Node's own thread."""

from __future__ import annotations

import errno
from collections import deque
from typing import Protocol

from taipan.dispatch import Request
from taipan.embedded.helpers import Helper
from taipan.embedded.memory import SharedMemory
from taipan.events import ClientDisconnected
from taipan.frames import (
    ANSWER,
    ANSWER_FREE,
    ANSWER_HEADER,
    ANSWER_PREFIX,
    BROKEN,
    DATA,
    FREE,
    HEAD,
    HEADER,
    HEADER_BYTES,
    STREAM_HEAD_HEADER,
    WINDOW,
    WINDOW_PAYLOAD,
)
from taipan.transports.request_transport import RequestTransport
from taipan.wsgi.call import Steps

#: Bytes that may be sent before the client has accepted them.
_WINDOW = 256 * 1024
#: Bytes that a stream may send in one turn.
_TURN_BYTES = 64 * 1024

_ANSWER = ANSWER_HEADER.pack
_HEAD = STREAM_HEAD_HEADER.pack
_FRAME = HEADER.pack
#: Bytes of a HEAD payload before the fields.
_SHORT = STREAM_HEAD_HEADER.size - HEADER_BYTES


class StreamKeeper(Protocol):
    """The hub, as a stream uses it."""

    memory: SharedMemory
    #: Bytes from `write()` that one request may buffer for its client.
    limit: int

    def wake(self, stream: InlineStream) -> None:
        """Makes a stream ready."""

    def proceed(self, stream: InlineStream, error: BaseException | None = None) -> None:
        """Runs the next step of a response, or ends it with an error."""


class InlineStream(RequestTransport):
    """A request: a `Transport` that never waits on Node's thread, only in a helper."""

    #: The thread that runs the application, if it may have to wait.
    helper: Helper | None = None
    #: The rest of the response.
    rest: Steps | None = None
    #: The stream is over.
    over = False
    #: The request without its body; set only where a timeout can apply.
    origin: Request | None = None
    #: It is in the hub's list of ready streams.
    ready = False
    _room = _TURN_BYTES
    _window = _WINDOW
    #: Blocks that the client has not accepted.
    _backlog: deque[memoryview] | None = None
    _queued = 0
    _last = False
    #: The application has returned.
    finished = False

    number = 0
    request: str | None = None
    #: The response was sent in one piece, so the object can be reused.
    whole = False

    def __init__(self, hub: StreamKeeper) -> None:
        self._hub = hub
        self._put_memory = hub.memory.put

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """Sends a complete response."""
        size = len(body)
        if size > self._room:
            self.begin(status, flags, length, fields, body, True)
            return
        self.finished = self.over = self.whole = free
        lines = len(fields)
        end = ANSWER_FREE if free else 0
        total = ANSWER_PREFIX + lines + size
        head = _ANSWER(ANSWER, end, self.number, total, status, flags, length, lines)
        self._put_memory(head + fields + body)

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """Sends the head and the first piece."""
        self._put_memory(self._head(status, flags, length, fields))
        self._data(data, last)
        if self.helper is not None:
            self._let_out(self.helper, last)

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        """Sends another piece. Raises if too much is buffered on Node's own thread."""
        if data or not last:
            self._raise_broken()
        if self._backlog and self.helper is None and self._queued + len(data) > self._hub.limit:
            raise RuntimeError(
                f"write() has buffered more than {self._hub.limit} bytes that the client has not"
                " accepted, and Node's thread cannot wait: return an iterable, or give the process"
                " group threads (threads: 1 or more)"
            )
        self._data(data, last)
        if self.helper is not None:
            self._let_out(self.helper, last)

    def abort(self, reason: str) -> None:
        """Aborts the response."""
        if self.finished:
            return
        self._drop()
        self._put_abort(reason)

    def finish(self) -> None:
        """The application has returned; the stream is over when all blocks are sent."""
        if self.finished:
            return
        self.finished = True
        if not self._backlog:
            self._free()

    @property
    def broken(self) -> bool:
        """Whether the response cannot reach the client any more."""
        return self._broken is not None

    @property
    def runnable(self) -> bool:
        """Whether the stream can continue without another frame from Node."""
        if self._backlog:
            return self._window > 0
        return self.rest is not None and not (self._asks and self._opened is None)

    def advance(self) -> None:
        """Continues once."""
        self._room = _TURN_BYTES
        if self._backlog:
            self._flush()
            if self._backlog:
                return
        if self.helper is not None:
            self.helper.proceed()
        elif self.runnable:
            self._hub.proceed(self)

    def take_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Handles a frame for this stream."""
        if kind == WINDOW:
            self._window += WINDOW_PAYLOAD.unpack(payload)[0]
        elif kind == BROKEN:
            self.leave(payload.decode("utf-8", "replace"))
            return
        else:
            RequestTransport.take_frame(self, kind, flags, payload)
        self._hub.wake(self)

    def leave(self, reason: str) -> None:
        """Ends the stream without the rest of response and body."""
        self._broken = reason
        self._drop()
        if self.helper is not None:
            self._hub.wake(self)
        elif self.rest is not None:
            self._hub.proceed(self, ClientDisconnected(errno.ECONNRESET, reason))
        elif self.finished:
            self._free()

    @property
    def _may_wait(self) -> bool:
        return self.helper is not None

    def _wait(self) -> None:
        assert self.helper is not None
        self.helper.suspend()

    def _put(self, frames: bytes) -> None:
        self._put_memory(frames)

    def _head(self, status: int, flags: int, length: int, fields: bytes) -> bytes:
        return _HEAD(HEAD, flags, self.number, _SHORT + len(fields), status, length) + fields

    def _frame(self, kind: int, payload: bytes) -> bytes:
        return _FRAME(kind, 0, self.number, len(payload)) + payload

    def _data(self, data: bytes, last: bool) -> None:
        size = len(data)
        self._last = last
        if not self._backlog and size <= self._room and size <= self._window:
            self._put_data(data, last)
            return
        if self._backlog is None:
            self._backlog = deque()
        if data:
            self._backlog.append(memoryview(data))
        self._queued += size
        self._flush()
        self._hub.wake(self)

    def _let_out(self, helper: Helper, last: bool) -> None:
        """Lets Node's thread send what was written before the application continues."""
        if not last:
            self._hub.wake(self)
            helper.suspend()
        while self._backlog and self._broken is None:
            helper.suspend()

    def _put_data(self, data: bytes | memoryview, last: bool) -> None:
        size = len(data)
        self._window -= size
        self._room -= size
        self._put_memory(_FRAME(DATA, last, self.number, size))
        if size:
            self._put_memory(data)

    def _flush(self) -> None:
        backlog = self._backlog
        while backlog:
            data = backlog[0]
            size = min(len(data), self._room, self._window)
            if size <= 0:
                return
            self._queued -= size
            if size == len(data):
                backlog.popleft()
            else:
                backlog[0] = data[size:]
            self._put_data(data[:size], self._last and not backlog)
        if self.finished:
            self._free()

    def _free(self) -> None:
        self.over = True
        self._put_memory(_FRAME(FREE, 0, self.number, 0))

    def _drop(self) -> None:
        if self._backlog:
            self._backlog.clear()
        self._queued = 0
