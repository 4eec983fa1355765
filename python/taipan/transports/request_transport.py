"""What every transport of WSGI requests does alike, however its frames travel."""

from __future__ import annotations

import errno
from collections import deque

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
    """The body of a request, the end of its client, and files that Node sends.

    How frames are made, how they are sent and how others are waited for is for the transport.
    """

    #: Pieces of the body that have not been taken.
    _pieces: deque[bytes] | None = None
    #: The last piece has come.
    _ended = False
    #: Why nothing more can be sent to the client, or comes from it.
    _broken: str | None = None
    #: Node has been asked to send a file.
    _asks = False
    _opened: bool | None = None

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """Asks Node to send the file by itself."""
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
        """Whether Node sends the file."""
        return self._opened

    def pull(self, size: int) -> None:
        """Grants Node so many more body bytes."""
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
        """A frame that concerns the request. Raises `FrameError` for one that may not come."""
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
        else:
            raise FrameError(f"frame of type {kind} within a request")

    @property
    def _may_wait(self) -> bool:
        return True

    def _wait(self) -> None:
        """Returns when a frame has come, or may have."""
        raise NotImplementedError

    def _put(self, frames: bytes) -> None:
        raise NotImplementedError

    def _head(self, status: int, flags: int, length: int, fields: bytes) -> bytes:
        """A HEAD frame."""
        raise NotImplementedError

    def _frame(self, kind: int, payload: bytes) -> bytes:
        """Any other frame."""
        raise NotImplementedError

    def _put_abort(self, reason: str) -> None:
        self._put(self._frame(ABORT, encode_reason(reason)))

    def _raise_broken(self) -> None:
        if self._broken is not None:
            raise ClientDisconnected(errno.ECONNRESET, self._broken)
