"""Locks between processes that end with the process that holds them."""

from __future__ import annotations

import fcntl
import os
import struct
from collections import deque

from taipan.native import allocate_lock, start_new_thread
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
        self._closed = False
        #: Who waits here for a lock that this process has, or asks for.
        self._waiting: dict[int, deque[FileLock]] = {}

    def make(self, number: int) -> FileLock:
        """A lock that is not taken yet."""
        return FileLock(self, number)

    def close(self) -> None:
        """Releases everything."""
        with self._mutex:
            self._closed = True
            os.close(self._descriptor)

    def enter(self, lock: FileLock) -> None:
        """Grants a free lock at once; otherwise that is done as soon as it is free."""
        number = lock.number
        with self._mutex:
            waiting = self._waiting.get(number)
            if waiting is not None:
                waiting.append(lock)
                return
            free = self._try(number)
            self._waiting[number] = deque(() if free else (lock,))
            if free:
                lock.grant()
                return
            # It goes on waiting when nobody here does any more, so there is one for each lock.
            # Objects of threads that nobody waits for are refused in sub-interpreters.
            start_new_thread(self._wait, (number,))

    def leave(self, lock: FileLock) -> None:
        """Takes back a lock, or the wish for it."""
        with self._mutex:
            if lock.granted:
                lock.granted = False
                self._pass_on(lock.number)
            elif lock in self._waiting.get(lock.number, ()):
                self._waiting[lock.number].remove(lock)

    def _wait(self, number: int) -> None:
        try:
            self._set(number, fcntl.LOCK_EX)
        except OSError:
            if not self._closed:
                raise
        with self._mutex:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        """Grants the lock to the next one here, or gives it back."""
        waiting = self._waiting[number]
        if waiting:
            waiting.popleft().grant()
            return
        del self._waiting[number]
        if not self._closed:
            self._set(number, fcntl.LOCK_UN)

    def _try(self, number: int) -> bool:
        try:
            self._set(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _set(self, number: int, how: int) -> None:
        if not _OPEN_FILE:
            fcntl.lockf(self._descriptor, how, 1, number)
            return
        kind = fcntl.F_UNLCK if how == fcntl.LOCK_UN else fcntl.F_WRLCK
        command = fcntl.F_OFD_SETLK if how & fcntl.LOCK_NB else fcntl.F_OFD_SETLKW
        fcntl.fcntl(self._descriptor, command, struct.pack(_RANGE, kind, os.SEEK_SET, number, 1, 0))


class FileLock:
    """One request's hold on a lock; `release` is right at any time, also after an interruption."""

    def __init__(self, locks: FileLocks, number: int) -> None:
        self.number = number
        #: Changed by `FileLocks` alone.
        self.granted = False
        self._locks = locks
        self._wakeup = allocate_lock()
        self._wakeup.acquire()

    def take(self, timeout: float) -> None:
        """Waits until nobody else has it. Raises `SessionBusy` after `timeout` seconds."""
        self._locks.enter(self)
        # An exception for this thread may come while it waits, so the result alone counts for
        # nothing.
        self._wakeup.acquire(True, timeout)
        if not self.granted:
            self.release()
            raise SessionBusy(f"another request has held the session for {timeout:g} seconds")

    def release(self) -> None:
        """Lets others have it, if it was taken."""
        self._locks.leave(self)

    def grant(self) -> None:
        """Ends the waiting."""
        self.granted = True
        self._wakeup.release()
