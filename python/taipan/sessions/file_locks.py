"""Locks between processes that end with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import struct
from collections import deque
from functools import partial
from typing import Callable

from taipan.native import NativeThread, allocate_lock
from taipan.sessions.errors import SessionBusy

# Locks of POSIX belong to the process: threads are kept apart here, and another file object for
# the same file would end them when it is closed.
_OPEN_FILE = hasattr(fcntl, "F_OFD_SETLKW")
#: struct flock of Linux: type, whence, start, length, process.
_RANGE = "hhqqi4x"


class FileLocks:
    """Locks named by numbers below 2**62: each is a byte of one file."""

    def __init__(self, path: str) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(path, flags, 0o600)
        self._mutex = allocate_lock()
        self._held: dict[int, deque[_Waiter]] = {}

    def acquire(self, number: int, timeout: float) -> Callable[[], None]:
        """Takes a lock; gives what releases it. Raises `SessionBusy` after `timeout` seconds."""
        waiter = _Waiter()
        with self._mutex:
            waiters = self._held.get(number)
            if waiters is None:
                waiters = self._held[number] = deque()
                if self._try(number):
                    return partial(self._pass_on, number)
                # It goes on waiting when nobody here does any more, so there is one for each lock.
                NativeThread(self._wait, "taipan-session-lock", (number,), listed=False).start()
            waiters.append(waiter)
        if not waiter.lock.acquire(True, timeout):
            with self._mutex:
                if waiter in waiters:
                    waiters.remove(waiter)
                    raise SessionBusy(
                        f"another request has held the session for {timeout:g} seconds"
                    )
        return partial(self._pass_on, number)

    def close(self) -> None:
        """Releases everything."""
        os.close(self._descriptor)

    def _try(self, number: int) -> bool:
        try:
            self._set(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _wait(self, number: int) -> None:
        self._set(number, fcntl.LOCK_EX)
        self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        """Gives the lock to the next thread here, or back."""
        with self._mutex:
            waiters = self._held[number]
            if waiters:
                waiters.popleft().lock.release()
                return
            del self._held[number]
            self._set(number, fcntl.LOCK_UN)

    def _set(self, number: int, how: int) -> None:
        if not _OPEN_FILE:
            fcntl.lockf(self._descriptor, how, 1, number)
            return
        kind = fcntl.F_UNLCK if how == fcntl.LOCK_UN else fcntl.F_WRLCK
        command = fcntl.F_OFD_SETLK if how & fcntl.LOCK_NB else fcntl.F_OFD_SETLKW
        fcntl.fcntl(self._descriptor, command, struct.pack(_RANGE, kind, os.SEEK_SET, number, 1, 0))


class _Waiter:
    """A thread that waits for a lock."""

    def __init__(self) -> None:
        self.lock = allocate_lock()
        self.lock.acquire()
