"""`wsgi.input` for a body that arrives while it is read."""

from __future__ import annotations

import io
from typing import Any

from taipan.events import ClientDisconnected, Transport

#: Bytes that the server may send before they are read.
WINDOW = 256 * 1024


class PulledInput(io.BufferedIOBase):
    """Reads wait only for what they need, and end at the end of the body.

    An incomplete body raises `ClientDisconnected`; it never looks like the end of the body.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__()
        self._transport: Transport | None = transport
        self._buffer = bytearray()
        self._at = 0
        self._credit = 0
        self._ended = False

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Up to `size` bytes, fewer only at the end of the body; all without a size."""
        if size is None or size < 0:
            while self._fetch():
                pass
            return self._take(len(self._buffer) - self._at)
        while len(self._buffer) - self._at < size and self._fetch():
            pass
        return self._take(size)

    def read1(self, size: int = -1, /) -> bytes:
        """The bytes that are available; waits only if there are none."""
        if size != 0 and len(self._buffer) == self._at:
            self._fetch()
        return self._take(len(self._buffer) - self._at if size < 0 else size)

    def peek(self, size: int = 0, /) -> bytes:
        """The bytes that are available, which stay; waits only if there are none."""
        if len(self._buffer) == self._at:
            self._fetch()
        return bytes(memoryview(self._buffer)[self._at :])

    def readinto(self, buffer: Any, /) -> int:
        """Fills `buffer` as `read` would."""
        view = memoryview(buffer).cast("B")
        data = self.read(len(view))
        view[: len(data)] = data
        return len(data)

    def readinto1(self, buffer: Any, /) -> int:
        """Fills `buffer` as `read1` would."""
        view = memoryview(buffer).cast("B")
        data = self.read1(len(view))
        view[: len(data)] = data
        return len(data)

    def readline(self, size: int | None = -1, /) -> bytes:
        """Up to the next newline as soon as it is available, at most `size` bytes."""
        limit = -1 if size is None else size
        searched = self._at
        while True:
            found = self._buffer.find(b"\n", searched)
            available = len(self._buffer) - self._at
            if found >= 0:
                available = found + 1 - self._at
                return self._take(available if limit < 0 else min(available, limit))
            if 0 <= limit <= available:
                return self._take(limit)
            searched = len(self._buffer)
            moved = self._at
            if not self._fetch():
                return self._take(available)
            searched -= moved - self._at

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        """Lines up to the end, or until their sum reaches `hint` bytes."""
        lines = []
        total = 0
        while line := self.readline():
            lines.append(line)
            total += len(line)
            if hint is not None and 0 < hint <= total:
                break
        return lines

    def __next__(self) -> bytes:
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def close(self) -> None:
        """Does nothing, because the body belongs to the request."""

    def end(self) -> None:
        """The request is over; a thread that kept the stream cannot read any more."""
        self._transport = None

    def _fetch(self) -> bool:
        """Waits for another piece; False at the end of the body."""
        if self._ended:
            return False
        if self._transport is None:
            raise ValueError("wsgi.input was read after the end of its request")
        if self._credit < WINDOW // 2:
            self._transport.pull(WINDOW - self._credit)
            self._credit = WINDOW
        piece = self._transport.receive()
        if piece is None:
            self._ended = True
            return False
        self._credit -= len(piece)
        if self._at:
            del self._buffer[: self._at]
            self._at = 0
        self._buffer += piece
        return True

    def _take(self, size: int) -> bytes:
        end = min(self._at + size, len(self._buffer))
        data = bytes(memoryview(self._buffer)[self._at : end])
        self._at = end
        return data


__all__ = ["ClientDisconnected", "PulledInput"]
