"""Clears up after a server that was killed."""

from __future__ import annotations

import os
from shutil import rmtree

from taipan.ending import ORPHANED
from taipan.native import POLLIN, poll

#: Its end may be on its way; less than what is left to an orphaned worker.
_PATIENCE_MS = 500


def remove_orphan(directory: str, owner: int) -> None:
    """Removes a folder whose owner has ended without doing so. Called at the end of a worker."""
    if ORPHANED.is_set():
        _await_end(owner)
    if _has_ended(owner):
        rmtree(directory, ignore_errors=True)


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
