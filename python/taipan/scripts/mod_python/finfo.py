"""What `stat` says of a file, by the names of Apache."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from taipan.scripts.mod_python.constants import (
    APR_BLK,
    APR_CHR,
    APR_DIR,
    APR_FINFO_NORM,
    APR_LNK,
    APR_NOFILE,
    APR_PIPE,
    APR_REG,
    APR_SOCK,
    APR_UNKFILE,
)

_KINDS = {
    stat.S_IFREG: APR_REG,
    stat.S_IFDIR: APR_DIR,
    stat.S_IFCHR: APR_CHR,
    stat.S_IFBLK: APR_BLK,
    stat.S_IFIFO: APR_PIPE,
    stat.S_IFLNK: APR_LNK,
    stat.S_IFSOCK: APR_SOCK,
}
#: By the numbers `FINFO_MODE` to `FINFO_FILETYPE`.
_PLACES = (
    "protection inode device nlink user group size atime mtime ctime fname name filetype".split()
)


class FileInfo:
    """`req.finfo`: attributes, and the same by their places."""

    def __init__(self, path: str, *, link: bool = False) -> None:
        #: The path, also of what is not there.
        self.fname: str | None = path
        self.name: str | None = None
        self.filetype = APR_NOFILE
        self.valid: int | None = None
        self.protection: int | None = None
        self.user: int | None = None
        self.group: int | None = None
        self.size: int | None = None
        self.inode: int | None = None
        self.device: int | None = None
        self.nlink: int | None = None
        self.atime: int | None = None
        self.mtime: int | None = None
        self.ctime: int | None = None
        #: Microseconds, for tags.
        self._mtime_us = 0
        try:
            found = os.lstat(path) if link else os.stat(path)
        except (OSError, ValueError):
            return
        self.filetype = _KINDS.get(stat.S_IFMT(found.st_mode), APR_UNKFILE)
        self.valid = APR_FINFO_NORM
        self.protection = _protection_of(found.st_mode)
        self.user, self.group = found.st_uid, found.st_gid
        self.size, self.nlink = found.st_size, found.st_nlink
        self.inode, self.device = found.st_ino, found.st_dev
        self.atime = int(found.st_atime)
        self.mtime = int(found.st_mtime)
        self.ctime = int(found.st_ctime)
        self._mtime_us = found.st_mtime_ns // 1000

    def __getitem__(self, place: int) -> Any:
        return getattr(self, _PLACES[place])

    def __len__(self) -> int:
        return len(_PLACES)

    def __iter__(self) -> Iterator[Any]:
        return (getattr(self, name) for name in _PLACES)

    def __repr__(self) -> str:
        shown = {name: value for name, value in self.__dict__.items() if name[0] != "_"}
        return repr(shown)

    @property
    def tag(self) -> str:
        """Changes with the file, as Apache makes it for the field ETag."""
        return f"{self.size or 0:x}-{self._mtime_us:x}"


def _protection_of(mode: int) -> int:
    """Four bits for each class of users: the first ones are setuid, setgid and sticky."""
    special = (mode & stat.S_ISUID and 0x8000) | (mode & stat.S_ISGID and 0x4000)
    special |= mode & stat.S_ISVTX and 0x2000
    return special | (mode & 0o700) << 2 | (mode & 0o070) << 1 | mode & 0o007
