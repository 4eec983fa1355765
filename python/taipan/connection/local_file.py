"""Files that a script sends."""

from __future__ import annotations

import errno
import os
import stat
from mimetypes import guess_type
from typing import BinaryIO, NamedTuple

from taipan.folders import is_below

_BINARY = "application/octet-stream"
#: Names that are those of no file.
_ABSENT = (errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ENAMETOOLONG, errno.ELOOP, errno.ENXIO)
#: A FIFO must not make the request wait for its other end.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LocalFile(NamedTuple):
    """An open regular file."""

    file: BinaryIO
    size: int
    #: Seconds of the epoch.
    modified: float


def open_file(path: str) -> LocalFile:
    """Opens a regular file. Raises `OSError`; a `FileNotFoundError` for what is none."""
    try:
        descriptor = os.open(path, _FLAGS)
    except ValueError as error:
        # A name may have a NUL.
        raise FileNotFoundError(f"{path!r} is no file") from error
    except OSError as error:
        if error.errno in _ABSENT:
            raise FileNotFoundError(f"{path!r} is no file") from error
        raise
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise FileNotFoundError(f"{path!r} is no regular file")
        return LocalFile(os.fdopen(descriptor, "rb"), facts.st_size, facts.st_mtime)
    except BaseException:
        os.close(descriptor)
        raise


def resolve_inside(path: str, folder: str, root: str) -> str:
    """The path of a file relative to `folder`, links followed.

    Raises `FileNotFoundError` if it is outside of `root`.
    """
    if "\0" in path:
        raise FileNotFoundError(f"{path!r} is no file")
    real = os.path.realpath(os.path.join(folder, path))
    if not is_below(real, os.path.realpath(root)):
        raise FileNotFoundError(f"{path!r} leads out of {root}")
    return real


def guess_media_type(path: str) -> str:
    """The media type that the name of a file suggests."""
    kind, encoding = guess_type(path)
    if encoding is not None or kind is None:
        return _BINARY
    return with_charset(kind)


def with_charset(kind: str) -> str:
    """A type of text with its charset."""
    if kind.lower().startswith("text/") and "charset" not in kind.lower():
        return f"{kind}; charset=utf-8"
    return kind
