"""The name of a process in lists of processes."""

from __future__ import annotations

import sys
from contextlib import suppress

_PR_SET_NAME = 15
#: Places of `arg_start` and `arg_end` in /proc/self/stat, behind the name (proc(5)).
_ARGUMENTS = slice(45, 47)


def set_title(title: str) -> None:
    """Shows `title` in place of the arguments, as far as it fits there. On Linux only."""
    if not sys.platform.startswith("linux"):
        return
    # Not every Python has ctypes, and not every system its /proc.
    with suppress(ImportError, OSError, ValueError):
        _write_title(title.encode("utf-8", "replace"))


def _write_title(title: bytes) -> None:
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_NAME, title[:15], 0, 0, 0)
    with open("/proc/self/stat", "rb") as file:
        facts = file.read().rpartition(b")")[2].split()
    start, end = (int(fact) for fact in facts[_ARGUMENTS])
    room = end - start
    if start <= 0 or room <= 1:
        return
    ctypes.memmove(start, title[: room - 1].ljust(room, b"\0"), room)
