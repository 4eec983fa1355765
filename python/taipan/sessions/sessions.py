"""Sessions for requests, and the store behind them."""

from __future__ import annotations

import os
import time
from typing import Callable

from taipan.native import allocate_lock
from taipan.sessions.orphans import remove_at_end
from taipan.sessions.session import Session, SessionRequest
from taipan.sessions.settings import SessionSettings
from taipan.sessions.store import SessionStore

_SQLITE = "sqlite:"


class Sessions:
    """Gives requests their sessions. The store is opened at the first use, in each process."""

    def __init__(self, settings: SessionSettings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self._clock = clock
        self._mutex = allocate_lock()
        self._process = os.getpid()
        self._opened: SessionStore | None = None
        #: Of the parent process: a forked one must not use it, nor close it.
        self._inherited: list[SessionStore] = []

    def open(self, request: SessionRequest) -> Session:
        """The session of a request. Raises `SessionBusy` if another one holds it for too long."""
        return Session(self.store, self.settings, request, self._clock)

    @property
    def store(self) -> SessionStore:
        """What this process has open. Raises `SessionError` if it cannot be opened."""
        if self._process != os.getpid():
            self._leave_parent()
        if self._opened is None:
            with self._mutex:
                self._opened = self._opened or open_store(self.settings)
        return self._opened

    def _leave_parent(self) -> None:
        # A thread that is not in this process may hold the old one.
        self._mutex = allocate_lock()
        if self._opened is not None:
            self._inherited.append(self._opened)
        self._opened, self._process = None, os.getpid()


def open_store(settings: SessionSettings) -> SessionStore:
    """Opens the store that is configured. Raises `SessionError`."""
    if settings.store.startswith(_SQLITE):
        from taipan.sessions.sqlite_store import SqliteStore

        store = SqliteStore(settings.store[len(_SQLITE) :], settings.directory)
        if settings.directory is not None and settings.owner:
            remove_at_end(settings.directory, settings.owner)
        return store
    from taipan.sessions.redis_store import RedisStore

    return RedisStore(settings.store)
