"""Decodes the chunked coding of applications that send it themselves, such as Quixote."""

from __future__ import annotations

import re

_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_LINE_LIMIT = 8192


class ChunkError(ValueError):
    """The body of the application is not in the chunked coding that it announced."""


class ChunkDecoder:
    """Strict decoder for chunked bodies."""

    __slots__ = ("_left", "_line", "done", "_state")

    def __init__(self) -> None:
        self._line = bytearray()
        self._left = 0
        self._state = "size"
        #: The last chunk and the trailers have been read.
        self.done = False

    def decode(self, data: bytes) -> bytes:
        """The content in the next bytes. Raises `ChunkError`."""
        content = []
        at = 0
        while at < len(data):
            if self.done:
                raise ChunkError("bytes after the last chunk")
            if self._state == "data":
                piece = data[at : at + self._left]
                content.append(piece)
                at += len(piece)
                self._left -= len(piece)
                if self._left == 0:
                    self._state = "end"
                continue
            end = data.find(b"\n", at) + 1 or len(data)
            self._line += data[at:end]
            at = end
            if self._line.endswith(b"\n"):
                self._take_line()
            elif len(self._line) > _LINE_LIMIT:
                raise ChunkError("a line of the chunk framing is too long")
        return b"".join(content)

    def _take_line(self) -> None:
        line = bytes(self._line)
        self._line.clear()
        if not line.endswith(b"\r\n"):
            raise ChunkError("a line of the chunk framing does not end with CRLF")
        line = line[:-2]
        if self._state == "end":
            if line:
                raise ChunkError("a chunk is longer than its size")
            self._state = "size"
        elif self._state == "trailer":
            self.done = not line
        else:
            size = line.partition(b";")[0].rstrip(b" \t")
            if _SIZE.fullmatch(size) is None:
                raise ChunkError(f"{line!r} is not the size of a chunk")
            self._left = int(size, 16)
            self._state = "data" if self._left else "trailer"
