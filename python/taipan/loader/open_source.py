"""Opens source files, and nothing that only has the name of one."""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO


def open_source(path: str) -> BinaryIO:
    """Opens a regular file to read bytes. Raises `OSError`, also for a FIFO, which would block."""
    stream = open(path, "rb", opener=_open)
    try:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise FileNotFoundError(errno.ENOENT, "Not a regular file", path)
    except BaseException:
        stream.close()
        raise
    return stream


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
