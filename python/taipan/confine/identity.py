"""The user and groups of a process, and the root of its file system."""

from __future__ import annotations

import os
from collections.abc import Sequence

from taipan.confine.refused import Refused


def enter_root(folder: str) -> None:
    """Makes a folder the root of the file system."""
    try:
        os.chroot(folder)
        os.chdir("/")
    except OSError as error:
        raise Refused(f"chroot {folder} is not possible: {error.strerror}") from None


def become(uid: int, gid: int, groups: Sequence[int]) -> None:
    """Becomes a user for good, with these groups alone."""
    try:
        os.setgroups(list(dict.fromkeys(groups)))
        os.setgid(gid)
        os.setuid(uid)
    except OSError as error:
        raise Refused(f"this process cannot become user {uid}, group {gid}: {error}") from None
    _ensure_gone(uid)


def _ensure_gone(uid: int) -> None:
    try:
        os.setuid(0)
    except OSError:
        return
    raise Refused(f"user {uid} could become root again")
