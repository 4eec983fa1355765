"""Common parts of all transports for WSGI requests."""

from __future__ import annotations

import errno
from collections import deque
from typing import Callable

from taipan.events import ClientDisconnected
from taipan.frames import (
    ABORT,
    BODY,
    BODY_LAST,
    BROKEN,
    FILE,
    FILE_PAYLOAD,
    OPENED,
    OPENED_OK,
    PULL,
    PULL_PAYLOAD,
    FrameError,
    encode_reason,
)


class RequestTransport:
    """Receives the body of a request and the end of its client, and lets Node send files.

    Subclasses encode and send frames, and wait for frames.
    """

    #: Takes other frames about the request, such as those of a WebSocket; False if it does not.
    sink: Callable[[int, int, bytes], bool] | None = None
    #: Pieces of the body that have not been read.
    _pieces: deque[bytes] | None = None
    #: The last piece of the body has arrived.
    _ended = False
    #: Why nothing more can be sent to or read from the client; None if it can.
    _broken: str | None = None
    #: Node was asked to send a file and has not answered.
    _asks = False
    _opened: bool | None = None

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """Sends the head and asks Node to send the file."""
        self._asks = True
        self._opened = None
        payload = FILE_PAYLOAD.pack(descriptor, offset, length)
        self._put(self._head(status, flags, length, fields) + self._frame(FILE, payload))
        while self._opened is None:
            if not self._may_wait:
                return None
            self._raise_broken()
            self._wait()
        return self._opened

    @property
    def file_taken(self) -> bool | None:
        """Whether Node sends the file; None until it has answered."""
        return self._opened

    def pull(self, size: int) -> None:
        """Allows Node to send `size` more bytes of the body."""
        self._put(self._frame(PULL, PULL_PAYLOAD.pack(size)))

    def receive(self) -> bytes | None:
        """Waits for the next piece of the body."""
        while not self._pieces:
            if self._ended:
                return None
            self._raise_broken()
            self._wait()
        return self._pieces.popleft()

    def take_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Handles a frame about the request. Raises `FrameError` for an unexpected one."""
        if kind == BODY:
            if self._pieces is None:
                self._pieces = deque()
            if payload:
                self._pieces.append(payload)
            self._ended = bool(flags & BODY_LAST)
        elif kind == OPENED:
            self._opened = bool(flags & OPENED_OK)
        elif kind == BROKEN:
            self._broken = payload.decode("utf-8", "replace")
            if self.sink is not None:
                self.sink(kind, flags, payload)
        elif self.sink is None or not self.sink(kind, flags, payload):
            raise FrameError(f"unexpected frame of type {kind} within a request")

    @property
    def _may_wait(self) -> bool:
        return True

    def _wait(self) -> None:
        """Waits for a frame; may return early."""
        raise NotImplementedError

    def _put(self, frames: bytes) -> None:
        raise NotImplementedError

    def _head(self, status: int, flags: int, length: int, fields: bytes) -> bytes:
        """Encodes a HEAD frame."""
        raise NotImplementedError

    def _frame(self, kind: int, payload: bytes) -> bytes:
        """Encodes any other frame."""
        raise NotImplementedError

    def _put_abort(self, reason: str) -> None:
        self._put(self._frame(ABORT, encode_reason(reason)))

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise ClientDisconnected(errno.ECONNRESET, self._broken)
