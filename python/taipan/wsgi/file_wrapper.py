"""`wsgi.file_wrapper`, and which files the server can send by itself."""

from __future__ import annotations

import io
import os
import stat
from types import BuiltinMethodType
from typing import Any, NamedTuple


class FileWrapper:
    """Gives a file-like object block by block; returned as it is, the server may send the file."""

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
    """The part of an open file from its position to its end."""

    descriptor: int
    offset: int
    length: int


def find_regular_file(filelike: Any) -> RegularFile | None:
    """The file behind the object, when reading the object is the same as reading the file.

    `fileno()` alone proves nothing: `GzipFile` has one, and a buffer's position differs from the
    descriptor's. So `read` itself has to be the one of `io.FileIO` or of a buffer over it; this
    also sees through the wrappers of `tempfile` and of Django.
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
    # Files below /proc are regular and of size 0, with content: they have to be read.
    if not stat.S_ISREG(status.st_mode) or status.st_size == 0 or not raw.readable():
        return None
    return RegularFile(descriptor, offset, max(0, status.st_size - offset))
