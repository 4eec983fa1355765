"""The socket of a worker thread: requests in, responses out, one at a time.

Requests may be pipelined while the thread is busy. They wait here, and another thread can recall
those that have not been begun.
"""

from __future__ import annotations

import marshal
from collections import deque
from collections.abc import Iterator
from socket import MSG_DONTWAIT
from time import perf_counter
from typing import Any, Callable, Optional

from taipan import frames
from taipan.events import TransportClosed
from taipan.looks import count_arrival, note_receiver
from taipan.native import POLLIN, allocate_lock, has_green_waits, make_green_wait, poll, socket
from taipan.transports.request_transport import RequestTransport

_RECEIVE_BYTES = 64 * 1024
_JOIN_LIMIT = 64 * 1024
_PIECE_BYTES = 256 * 1024

# Instead of a serial number: the buffer contains no request and will get none.
_NONE = -1
_CLOSED = -2

Request = tuple[int, Any, Optional[bytes]]


class ThreadSocket(RequestTransport):
    """A `Transport` over the inherited socket of a thread."""

    def __init__(self, sock: socket) -> None:
        self._socket = sock
        #: Held by the thread that reads the socket or uses the decoder.
        self._reading = allocate_lock()
        self._decoder = frames.Decoder()
        #: Serial numbers, payloads and arrivals of requests that have not been begun.
        self._pipelined: deque[tuple[int, bytes, int]] = deque()
        self.arrival: int | None = None
        # Looked at for each request.
        self.sink = None
        self._pieces = None
        self._serial = 0
        self._started = 0.0
        self._freed = True
        #: Another `ThreadSocket` reads the socket.
        self._away = False

    def serve(
        self, dispatch: Callable[[Request, ThreadSocket], None], first: Request | None = None
    ) -> None:
        """Serves requests until the other side closes the socket, beginning with `first`.

        Raises `TransportClosed` if that happens within a request, and `OSError` or `FrameError` if
        the socket has become unusable.
        """
        note_receiver(self)
        try:
            self._serve(dispatch, first)
        finally:
            note_receiver(None)

    def _serve(
        self, dispatch: Callable[[Request, ThreadSocket], None], first: Request | None
    ) -> None:
        buffer = bytearray(_RECEIVE_BYTES)
        # marshal ignores bytes after the value, so one view is enough for all requests.
        payload = memoryview(buffer)[frames.HEADER_BYTES :]
        loads = marshal.loads
        pipelined = self._pipelined
        wait = make_green_wait(self._socket.fileno()) if has_green_waits() else None
        if first is not None:
            dispatch(first, self)
        while True:
            if not pipelined:
                if wait is not None:
                    wait(None)
                with self._reading:
                    serial = self._receive_request(buffer)
                if serial == _CLOSED:
                    return
                if serial == _NONE:
                    continue
                dispatch(loads(payload), self)
                continue
            # Not dispatched in the except clause: its exception would become the context of
            # all exceptions of the application.
            try:
                serial, data, arrival = pipelined.popleft()
            except IndexError:  # recalled meanwhile
                continue
            self._begin(serial, arrival)
            dispatch(loads(data), self)

    def leave(self, request: Request) -> bytes:
        """Gives the socket away, with the request that was begun and what was read after it."""
        with self._reading:
            self._away = True
            pipelined = [
                frames.encode(frames.REQUEST, 0, payload, serial)
                for serial, payload, _ in self._take_pipelined()
            ]
            rest = b"".join([*pipelined, self._decoder.take_rest()])
        self._freed = True
        return marshal.dumps((self._serial, request, self._broken, rest))

    def arrive(self, state: bytes) -> Request:
        """Takes over a socket as another has left it; returns the request to begin with."""
        left: tuple[int, Request, str | None, bytes] = marshal.loads(state)
        serial, request, broken, rest = left
        self._begin(serial)
        self._broken = broken
        with self._reading:
            self._away = False
            self._decoder.feed(rest)
            self._sort()
        return request

    def recall(self) -> list[int] | None:
        """Takes back the requests that have not been begun. Called by other threads.

        None: the socket has been given away.
        """
        if self._reading.acquire(False):
            try:
                if self._away:
                    return None
                while data := self._receive_now():
                    self._decoder.feed(data)
                self._sort()
            except TransportClosed:
                pass
            finally:
                self._reading.release()
        return [serial for serial, *_ in self._take_pipelined()]

    def _take_pipelined(self) -> Iterator[tuple[int, bytes, int]]:
        while True:
            try:
                yield self._pipelined.popleft()
            except IndexError:
                return

    def _begin(self, serial: int, arrival: int | None = None) -> None:
        self._serial = serial
        self.arrival = arrival
        self._started = perf_counter()
        self._freed = False
        self._broken = None
        self._ended = False
        if self.sink is not None:
            self.sink = None
        if self._pieces:
            self._pieces.clear()

    def _receive_request(self, buffer: bytearray) -> int:
        """Waits for requests; returns the serial of the first one, which may stay in `buffer`."""
        if self._pipelined:
            return _NONE
        decoder = self._decoder
        if not decoder.empty:
            decoder.feed(self._receive(max(decoder.missing(), 1)))
            self._sort()
            return _NONE
        size = _uninterrupted(self._socket.recv_into, buffer)
        if size == 0:
            return _CLOSED
        return self._cut(buffer, size)

    def _cut(self, buffer: bytearray, size: int) -> int:
        """Splits the received bytes into requests. The first one stays where it is."""
        unpack = frames.HEADER.unpack_from
        arrival = count_arrival()
        first = _NONE
        at = 0
        while size - at >= frames.HEADER_BYTES:
            kind, _flags, serial, length = unpack(buffer, at)
            start = at + frames.HEADER_BYTES
            if kind != frames.REQUEST or start + length > size:
                break
            if at == 0:
                first = int(serial)
                # Begun at once, because the following frames may belong to it.
                self._begin(first, arrival)
            else:
                payload = bytes(memoryview(buffer)[start : start + length])
                self._pipelined.append((serial, payload, arrival))
            at = start + length
        if at < size:
            self._decoder.feed(memoryview(buffer)[at:size])
            self._sort()
        return first

    def _sort(self) -> None:
        """Sorts complete frames into requests and others. The caller holds `_reading`."""
        for frame in self._decoder.frames():
            if frame.kind == frames.REQUEST:
                self._pipelined.append((frame.tag, frame.payload, count_arrival()))
            elif frame.tag == self._serial:
                self.take_frame(frame.kind, frame.flags, frame.payload)

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """Sends a complete response in one write."""
        self._freed = free
        if len(body) > _JOIN_LIMIT:
            self._freed = False
            self.begin(status, flags, length, fields, body, True)
            return
        self._put(
            b"".join(
                (
                    frames.HEAD_HEADER.pack(frames.HEAD, flags, status, 8 + len(fields), length),
                    fields,
                    frames.HEADER.pack(frames.DATA, 3, self._took(), len(body))
                    if free
                    else frames.HEADER.pack(frames.DATA, 1, 0, len(body)),
                    body,
                )
            )
        )

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """Sends the head and the first piece."""
        head = self._head(status, flags, length, fields)
        if len(data) > _JOIN_LIMIT:
            self._put(head)
            self._put_pieces(data, last)
        else:
            self._put(head + frames.HEADER.pack(frames.DATA, last, 0, len(data)) + data)

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        """Sends another piece; the end is sent even if the client has disconnected."""
        if data or not last:
            self._look()
        if len(data) > _JOIN_LIMIT:
            self._put_pieces(data, last)
        elif free:
            self._freed = True
            self._put(frames.HEADER.pack(frames.DATA, 3, self._took(), len(data)) + data)
        else:
            self._put(frames.HEADER.pack(frames.DATA, last, 0, len(data)) + data)

    def put_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Sends another frame about the request. The caller keeps others from sending meanwhile."""
        self._put(frames.encode(kind, flags, payload))

    def wait_for_frames(self, seconds: float) -> None:
        """Waits for frames about the request, and takes them. May return early."""
        if has_green_waits():
            make_green_wait(self._socket.fileno())(seconds)
        else:
            poller = poll()
            poller.register(self._socket, POLLIN)
            poller.poll(max(0, seconds * 1000))
        with self._reading:
            while data := self._receive_now():
                self._decoder.feed(data)
            self._sort()

    def abort(self, reason: str) -> None:
        """Aborts the response."""
        if self._freed:
            return
        self._put_abort(reason)

    def finish(self) -> None:
        """Tells Node once that the thread is free."""
        if not self._freed:
            self._freed = True
            self._put(frames.encode(frames.FREE, tag=self._took()))

    def _took(self) -> int:
        """Microseconds since the request was begun."""
        took = int((perf_counter() - self._started) * 1_000_000)
        return took if took < 0xFFFF else 0xFFFF

    def _put_pieces(self, data: bytes, last: bool) -> None:
        view = memoryview(data)
        for at in range(0, len(data), _PIECE_BYTES):
            if at:
                self._look()
            piece = view[at : at + _PIECE_BYTES]
            final = last and at + _PIECE_BYTES >= len(data)
            self._put(frames.HEADER.pack(frames.DATA, final, 0, len(piece)) + piece)

    def _put(self, data: bytes) -> None:
        # In one call, so that an exception injected into the thread cannot divide a frame.
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            raise TransportClosed from None

    def _head(self, status: int, flags: int, length: int, fields: bytes) -> bytes:
        return frames.HEAD_HEADER.pack(frames.HEAD, flags, status, 8 + len(fields), length) + fields

    def _frame(self, kind: int, payload: bytes) -> bytes:
        return frames.encode(kind, 0, payload)

    def _look(self) -> None:
        """Checks without waiting whether the client has disconnected."""
        with self._reading:
            if data := self._receive_now():
                self._decoder.feed(data)
                self._sort()
        self._raise_broken()

    def _wait(self) -> None:
        """Waits for frames about the present request."""
        with self._reading:
            self._decoder.feed(self._receive(max(self._decoder.missing(), 1)))
            self._sort()

    def _receive(self, size: int) -> bytes:
        data: bytes = _uninterrupted(self._socket.recv, max(size, _RECEIVE_BYTES))
        if not data:
            raise TransportClosed
        return data

    def _receive_now(self) -> bytes | None:
        """None if nothing has arrived."""
        try:
            data = self._socket.recv(_RECEIVE_BYTES, MSG_DONTWAIT)
        except BlockingIOError:
            return None
        if not data:
            raise TransportClosed
        return data


def _uninterrupted(receive: Callable[[Any], Any], argument: object) -> Any:
    try:
        return receive(argument)
    except ConnectionResetError:
        return b"" if isinstance(argument, int) else 0
