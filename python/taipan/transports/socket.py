"""The socket of one worker thread: requests in, responses out, one at a time."""

from __future__ import annotations

import errno
import marshal
import socket
from collections import deque
from typing import Any, Callable, Optional

from taipan import frames
from taipan.events import ClientDisconnected, TransportClosed

_RECEIVE_BYTES = 64 * 1024
_JOIN_LIMIT = 64 * 1024
_PIECE_BYTES = 256 * 1024

Request = tuple[int, dict[str, Any], Optional[bytes]]


class ThreadSocket:
    """A `Transport` over the inherited socket of a thread."""

    __slots__ = ("_body", "_broken", "_decoder", "_ended", "_freed", "_opened", "_socket")

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._decoder = frames.Decoder()
        self._body: deque[bytes] = deque()
        self._ended = False
        self._broken: str | None = None
        self._opened: bool | None = None
        self._freed = True

    def serve(self, dispatch: Callable[[Request, ThreadSocket], None]) -> None:
        """Serves requests until the other side closes.

        Raises `TransportClosed` when it closes within a request, and `OSError` or `FrameError` when
        the socket is of no use any more.
        """
        receive_into = self._socket.recv_into
        unpack = frames.HEADER.unpack_from
        loads = marshal.loads
        buffer = bytearray(_RECEIVE_BYTES)
        # marshal ignores what lies behind the value, so one view serves every request.
        payload = memoryview(buffer)[frames.HEADER_BYTES :]
        decoder = self._decoder
        while True:
            if decoder.empty:
                size = _uninterrupted(receive_into, buffer)
                if size == 0:
                    return
                if size >= frames.HEADER_BYTES:
                    kind, _flags, _status, length = unpack(buffer)
                    if kind == frames.REQUEST and size == length + frames.HEADER_BYTES:
                        self._freed = False
                        self._broken = None
                        dispatch(loads(payload), self)
                        self._discard()
                        continue
                decoder.feed(memoryview(buffer)[:size])
            frame = self._next()
            if frame.kind == frames.REQUEST:
                self._freed = False
                self._broken = None
                dispatch(loads(frame.payload), self)
                self._discard()
            elif frame.kind not in (frames.BODY, frames.BROKEN, frames.OPENED):
                raise frames.FrameError(f"frame of type {frame.kind} while waiting for a request")

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """A whole response in one write."""
        self._freed = free
        if len(body) > _JOIN_LIMIT:
            self._freed = False
            self.begin(status, flags, length, fields, body, True)
            return
        self._write(
            b"".join(
                (
                    frames.HEAD_HEADER.pack(frames.HEAD, flags, status, 8 + len(fields), length),
                    fields,
                    frames.HEADER.pack(frames.DATA, 3 if free else 1, 0, len(body)),
                    body,
                )
            )
        )

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """The head and the first piece."""
        head = frames.HEAD_HEADER.pack(frames.HEAD, flags, status, 8 + len(fields), length) + fields
        if len(data) > _JOIN_LIMIT:
            self._write(head)
            self._pieces(data, last)
        else:
            self._write(head + frames.HEADER.pack(frames.DATA, last, 0, len(data)) + data)

    def write(self, data: bytes, last: bool) -> None:
        """A further piece; the end is told even to a client that left."""
        if data or not last:
            self._look()
        if len(data) > _JOIN_LIMIT:
            self._pieces(data, last)
        else:
            self._write(frames.HEADER.pack(frames.DATA, last, 0, len(data)) + data)

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool:
        """Asks Node to send the file by itself."""
        self._opened = None
        self._write(
            frames.HEAD_HEADER.pack(frames.HEAD, flags, status, 8 + len(fields), length)
            + fields
            + frames.encode(frames.FILE, 0, frames.FILE_PAYLOAD.pack(descriptor, offset, length))
        )
        while self._opened is None:
            self._raise_broken()
            self._handle(self._next())
        return self._opened

    def abort(self, reason: str) -> None:
        """The response stays unfinished."""
        if self._freed:
            return
        payload = reason.encode("utf-8", "replace")[:1024]
        self._write(frames.encode(frames.ABORT, 0, payload))

    def pull(self, size: int) -> None:
        """Grants Node so many more body bytes."""
        self._write(frames.encode(frames.PULL, 0, frames.PULL_PAYLOAD.pack(size)))

    def receive(self) -> bytes | None:
        """Waits for the next piece of the body."""
        while not self._body:
            if self._ended:
                return None
            self._raise_broken()
            self._handle(self._next())
        return self._body.popleft()

    def finish(self) -> None:
        """Tells Node that the thread is free, once."""
        if not self._freed:
            self._freed = True
            self._write(frames.encode(frames.FREE))

    def _discard(self) -> None:
        if self._ended or self._body:
            self._body.clear()
            self._ended = False

    def _pieces(self, data: bytes, last: bool) -> None:
        view = memoryview(data)
        for at in range(0, len(data), _PIECE_BYTES):
            if at:
                self._look()
            piece = view[at : at + _PIECE_BYTES]
            final = last and at + _PIECE_BYTES >= len(data)
            self._write(frames.HEADER.pack(frames.DATA, final, 0, len(piece)) + piece)

    def _write(self, data: bytes) -> None:
        # One call: an exception that is injected into the thread cannot split a frame.
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise TransportClosed from None

    def _look(self) -> None:
        """Notices a client that left, without waiting."""
        try:
            data = self._socket.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            pass
        else:
            if not data:
                raise TransportClosed
            self._decoder.feed(data)
            for frame in self._decoder.frames():
                self._handle(frame)
        self._raise_broken()

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise ClientDisconnected(errno.ECONNRESET, self._broken)

    def _next(self) -> frames.Frame:
        decoder = self._decoder
        while missing := decoder.missing():
            data = _uninterrupted(self._socket.recv, max(missing, _RECEIVE_BYTES))
            if not data:
                raise TransportClosed
            decoder.feed(data)
        frame = decoder.take()
        assert frame is not None
        return frame

    def _handle(self, frame: frames.Frame) -> None:
        if frame.kind == frames.BODY:
            if frame.payload:
                self._body.append(frame.payload)
            self._ended = bool(frame.flags & frames.BODY_LAST)
        elif frame.kind == frames.BROKEN:
            self._broken = frame.payload.decode("utf-8", "replace")
        elif frame.kind == frames.OPENED:
            self._opened = bool(frame.flags & frames.OPENED_OK)
        else:
            raise frames.FrameError(f"frame of type {frame.kind} within a request")


def _uninterrupted(receive: Callable[[Any], Any], argument: object) -> Any:
    try:
        return receive(argument)
    except ConnectionResetError:
        return b"" if isinstance(argument, int) else 0
