"""A bounded number of open connections, each used by one handle at a time."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from typing import Any, NamedTuple

from taipan.pools.data_source import DataSource, parse_data_source
from taipan.pools.errors import PoolError

#: Connections of one pool in one process.
HANDLE_LIMIT = 16
#: Seconds that a handle is waited for.
WAIT = 10.0
#: Seconds after which unused connections are not used again; servers and firewalls drop them.
_IDLE_SECONDS = 600.0


class OpenConnection(NamedTuple):
    """A connection that a handle has."""

    connection: Any
    #: Of the pool when it was opened.
    generation: int
    #: Each statement is a transaction of its own.
    commits_itself: bool
    #: The process that opened it.
    process: int


class _Idle(NamedTuple):
    opened: OpenConnection
    since: float


class Pool:
    """Safe for threads; a forked process opens its own connections, after `forget_parent`."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self.source: DataSource = parse_data_source(source)
        # Reentrant, because a handle may be collected by the thread that holds it.
        self._changed = threading.Condition()
        self._idle: list[_Idle] = []
        #: Of the parent process: some modules tell the server when such an object goes.
        self._inherited: list[_Idle] = []
        self._used = 0
        self._generation = 0
        self._process = os.getpid()

    def acquire(self, wait: float = WAIT) -> OpenConnection:
        """A connection for one handle. Raises `PoolError` after `wait` seconds without one."""
        deadline = time.monotonic() + wait
        with self._changed:
            while not self._idle and self._used >= HANDLE_LIMIT:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise PoolError(
                        f"pool {self.name}: all {HANDLE_LIMIT} handles are in use, and none came"
                        f" back within {wait:g} s"
                    )
                self._changed.wait(left)
            self._used += 1
            found = self._take_idle()
        if found is not None:
            return found
        try:
            return self._open()
        except BaseException:
            with self._changed:
                self._used -= 1
                self._changed.notify()
            raise

    def release(self, opened: OpenConnection, *, usable: bool) -> None:
        """Takes a connection back; it is closed unless it is `usable`."""
        with self._changed:
            if opened.process != self._process:
                return
            self._used -= 1
            keep = usable and opened.generation == self._generation
            if keep:
                self._idle.append(_Idle(opened, time.monotonic()))
            self._changed.notify()
        if not keep:
            _close(opened.connection)

    def bounce(self) -> None:
        """Uses no connection again that is open now."""
        with self._changed:
            self._generation += 1
            idle, self._idle = self._idle, []
        for each in idle:
            _close(each.opened.connection)

    def forget_parent(self) -> None:
        """Leaves the connections to the process that this one was forked from."""
        # Another thread of the parent may have held it.
        self._changed = threading.Condition()
        self._process = os.getpid()
        self._inherited += self._idle
        self._idle, self._used = [], 0

    def _take_idle(self) -> OpenConnection | None:
        while self._idle:
            opened, since = self._idle.pop()
            if time.monotonic() - since < _IDLE_SECONDS:
                return opened
            _close(opened.connection)
        return None

    def _open(self) -> OpenConnection:
        generation = self._generation
        try:
            connection = self.source.connect()
            commits_itself = self.source.is_sqlite or _let_commit_itself(connection)
        except ModuleNotFoundError as error:
            raise PoolError(
                f"pool {self.name}: there is no module {error.name}; install it for the Python"
                " that runs the scripts"
            ) from error
        except Exception as error:
            raise PoolError(
                f"pool {self.name}: cannot open {self.source.description}: {error}"
            ) from error
        return OpenConnection(connection, generation, commits_itself, self._process)


def _let_commit_itself(connection: Any) -> bool:
    """Lets each statement be a transaction; False if the module has no way to say that."""
    autocommit = getattr(connection, "autocommit", None)
    if autocommit is None:
        return False
    if callable(autocommit):
        autocommit(True)
    else:
        connection.autocommit = True
    return True


def _close(connection: Any) -> None:
    # It may be broken, which is why it is closed.
    with contextlib.suppress(Exception):
        connection.close()
