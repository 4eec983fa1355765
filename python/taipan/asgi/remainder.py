"""Data that does not fit into the window of its stream."""

from __future__ import annotations

import errno
import os

from taipan.frames import DATA, DATA_LAST


class Remainder:
    """The part of a piece that did not fit into the window."""

    __slots__ = ("_at", "_data", "final", "flags", "kind", "left")

    def __init__(self, kind: int, flags: int, final: int, data: bytes) -> None:
        self.kind = kind
        #: Flags of each frame; `final` is added to the last one.
        self.flags = flags
        self.final = final
        self.left = len(data)
        self._data = memoryview(data)
        self._at = 0

    def take(self, size: int) -> bytes | memoryview:
        """Removes and returns the next bytes, at most `size`."""
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        """Drops what is left."""


class FileRemainder(Remainder):
    """The part of an open file that did not fit; closes the file at the end."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int, length: int, last: bool) -> None:
        super().__init__(DATA, 0, DATA_LAST if last else 0, b"")
        self.left = length
        self.descriptor = descriptor

    def take(self, size: int) -> bytes:
        """The next bytes. Raises `OSError` when the file has become shorter."""
        piece = os.read(self.descriptor, min(size, self.left))
        if not piece:
            raise OSError(errno.EIO, f"the file ended {self.left} bytes early")
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        """Closes the file."""
        os.close(self.descriptor)
