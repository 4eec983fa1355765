"""The body of a request behind a filter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from taipan.scripts.mod_python.filters.filter import Filter

_BLOCK = 8 * 1024


class FilteredInput:
    """What comes out of a filter that reads a body as it is needed."""

    def __init__(self, source: Any, filter: Filter) -> None:
        self._source = source
        self._filter = filter
        self._buffer = bytearray()
        self._ended = False
        filter.sink = self._put

    def read(self, size: int = -1, /) -> bytes:
        """As many bytes, or all."""
        while not self._ended and (size < 0 or len(self._buffer) < size):
            self._pull()
        return self._take(len(self._buffer) if size < 0 else size)

    def readline(self, size: int = -1, /) -> bytes:
        """A line with its end, at most as many bytes."""
        searched = 0
        while True:
            end = self._buffer.find(b"\n", searched) + 1
            if end or self._ended or 0 <= size <= len(self._buffer):
                break
            searched = len(self._buffer)
            self._pull()
        end = end or len(self._buffer)
        return self._take(end if size < 0 else min(size, end))

    def readlines(self, hint: int = -1, /) -> list[bytes]:
        """The lines that are left, until they have as many bytes."""
        lines: list[bytes] = []
        size = 0
        for line in self:
            lines.append(line)
            size += len(line)
            if 0 < hint <= size:
                break
        return lines

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _pull(self) -> None:
        data = self._source.read(_BLOCK)
        self._filter.feed(data, not data)

    def _put(self, data: bytes, last: bool) -> None:
        self._buffer += data
        self._ended = self._ended or last

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[: len(taken)]
        return taken
