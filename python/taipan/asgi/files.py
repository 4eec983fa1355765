"""Files that an application names instead of sending their content."""

from __future__ import annotations

import errno
import os
import stat

from taipan.asgi.remainder import FileRemainder


def open_file(path: str) -> tuple[int, int]:
    """An open regular file and its size. Raises `OSError`."""
    # Opening a pipe without a writer would block the loop.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, status.st_size


def read_file(file: FileRemainder) -> bytes:
    """All of a small file. Raises `OSError` when it has become shorter."""
    parts = []
    while file.left:
        parts.append(file.take(file.left))
    return b"".join(parts)
