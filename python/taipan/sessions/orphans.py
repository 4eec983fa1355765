"""Clears up after a server that was killed."""

from __future__ import annotations

import atexit
import os
from contextlib import suppress
from functools import partial

from taipan.ending import ORPHAN_CALLS, ORPHANED
from taipan.native import POLLIN, poll

#: Its end may be on its way.
_PATIENCE_MS = 2000
#: What SQLite and the locks of sessions make there.
_NAMES = [f"sessions.db{suffix}" for suffix in ("", "-journal", "-wal", "-shm", "-lock")]


def remove_at_end(directory: str, owner: int) -> None:
    """Has a folder removed at the end of this process, if its owner has ended without doing so."""
    remove = partial(remove_orphan, directory, owner)
    atexit.register(remove)
    ORPHAN_CALLS.append(remove)


def remove_orphan(directory: str, owner: int) -> None:
    """Removes a folder whose owner has ended without doing so. Called at the end of a worker."""
    if ORPHANED.is_set():
        _await_end(owner)
    if _has_ended(owner):
        _remove(directory)


def _remove(directory: str) -> None:
    """Removes a folder and what sessions have made there, and nothing that links lead to."""
    with suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            for name in _NAMES:
                with suppress(OSError):
                    os.unlink(name, dir_fd=descriptor)
        finally:
            os.close(descriptor)
        os.rmdir(directory)


def _await_end(process: int) -> None:
    """Waits, because sockets of a process are closed before it has ended."""
    try:
        descriptor = os.pidfd_open(process)
    except (AttributeError, OSError):
        return
    try:
        poller = poll()
        poller.register(descriptor, POLLIN)
        poller.poll(_PATIENCE_MS)
    finally:
        os.close(descriptor)


def _has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    try:
        with open(f"/proc/{process}/stat", "rb") as stat:
            # Its parent has not noticed it yet.
            return stat.read().rpartition(b")")[2].split()[0] in b"ZX"
    except OSError:
        return False
