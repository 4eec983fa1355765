"""The body of a request."""

from __future__ import annotations

from functools import cached_property
from typing import Protocol

from taipan.scripts.mod_python.request_line import RequestLine

_BLOCK = 64 * 1024


class Body(Protocol):
    """Where the body comes from: the client, or the last one of the input filters."""

    def read(self, size: int = -1, /) -> bytes:
        """As much as this, or all."""

    def readline(self, size: int = -1, /) -> bytes:
        """A line with its end, or a part of this size."""


class RequestBody(RequestLine):
    """The members of a request that read its body."""

    #: Bytes that have been read.
    read_length = 0

    @cached_property
    def body(self) -> Body:
        """What is read; filters replace it before anything has been."""
        stream: Body = self._environ["wsgi.input"]
        return stream

    @property
    def remaining(self) -> int:
        """Bytes that have not been read, if the client has said how many there are."""
        length = self._environ.get("CONTENT_LENGTH") or ""
        return max(0, int(length) - self.read_length) if length.isdigit() else 0

    def read(self, len: int = -1) -> bytes:
        """As many bytes, or all that are left; empty at the end."""
        return self._count(self.body.read(len))

    def readline(self, len: int = -1) -> bytes:
        """A line with its end, at most as many bytes; empty at the end."""
        return self._count(self.body.readline(len))

    def readlines(self, sizehint: int = -1) -> list[bytes]:
        """The lines that are left; no more once they have as many bytes."""
        lines: list[bytes] = []
        size = 0
        while sizehint < 0 or size < sizehint:
            line = self.readline()
            if not line:
                break
            lines.append(line)
            size += line.__len__()
        return lines

    def discard_request_body(self) -> int:
        """Reads to the end. Gives `OK`."""
        while self.read(_BLOCK):
            pass
        return 0

    def _count(self, data: bytes) -> bytes:
        self.read_length += len(data)
        return data
