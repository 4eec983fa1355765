"""`wsgi.file_wrapper`, and which files the server can send itself."""

from __future__ import annotations

import io
import os
import stat
from types import BuiltinMethodType
from typing import Any, NamedTuple


class FileWrapper:
    """Yields a file-like object in blocks; returned directly, the server may send the file."""

    def __init__(self, filelike: Any, blksize: int = 8192) -> None:
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self) -> FileWrapper:
        return self

    def __next__(self) -> bytes:
        block: bytes = self.filelike.read(self.blksize)
        if not block:
            raise StopIteration
        return block


class RegularFile(NamedTuple):
    """An open file, from its position to its end."""

    descriptor: int
    offset: int
    length: int


def find_regular_file(filelike: Any) -> RegularFile | None:
    """The file behind the object, if reading the object equals reading the file.

    `fileno()` is not enough: `GzipFile` has one, and the position of a buffer differs from that of
    its descriptor. So `read` must be that of `io.FileIO` or of a buffer over it, also inside the
    wrappers of `tempfile` and Django.
    """
    try:
        read = getattr(filelike, "read", None)
        read = getattr(read, "__wrapped__", read)
        owner = getattr(read, "__self__", None)
        if not isinstance(read, BuiltinMethodType):
            return None
        raw: Any = owner
        if isinstance(owner, (io.BufferedReader, io.BufferedRandom)):
            raw = owner.raw
            if isinstance(owner, io.BufferedRandom):
                owner.flush()
        if not isinstance(raw, io.FileIO) or not isinstance(raw.readinto, BuiltinMethodType):
            return None
        assert isinstance(owner, (io.FileIO, io.BufferedReader, io.BufferedRandom))
        descriptor = raw.fileno()
        status = os.fstat(descriptor)
        offset = owner.tell()
    except TimeoutError:
        raise
    except (OSError, ValueError, AttributeError):
        return None
    # Files in /proc are regular with size 0, but have content, which must be read.
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0 or not raw.readable():
        return None
    return RegularFile(descriptor, offset, max(0, status.st_size - offset))
