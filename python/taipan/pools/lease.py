"""A connection of a pool for as long as one handle has it."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from taipan.pools.errors import PoolError
from taipan.pools.pool import OpenConnection, Pool


class Lease:
    """One connection. Its owner may let it go while a thread still uses it."""

    def __init__(self, pool: Pool, opened: OpenConnection) -> None:
        self.pool = pool
        self._opened = opened
        self._state = threading.RLock()
        self._turn = threading.RLock()
        self._users = 0
        self._process = os.getpid()
        self._over = False
        self._broken = False
        #: A transaction that a statement has begun is open.
        self.in_transaction = False

    @property
    def over(self) -> bool:
        """The connection has been given back, or belongs to the process that forked this one."""
        return self._over or self._process != os.getpid()

    @property
    def commits_itself(self) -> bool:
        """Each statement is a transaction of its own."""
        return self._opened.commits_itself

    @contextmanager
    def use(self) -> Generator[Any, None, None]:
        """Gives the connection to one thread at a time. Raises `PoolError` for what fails."""
        with self._state:
            if self.over:
                raise PoolError(f"pool {self.pool.name}: the handle has been given back already")
            self._users += 1
        try:
            with self._turn:
                yield self._opened.connection
        except PoolError:
            raise
        except Exception as error:
            self._broken = self._broken or _may_break(error)
            raise PoolError(f"pool {self.pool.name}: {error}") from error
        except BaseException:
            self._broken = True
            raise
        finally:
            with self._state:
                self._users -= 1
                late = self._over and self._users == 0
            if late:
                self._give_back(usable=False)

    def release(self) -> None:
        """Gives the connection back, rolled back. May be called twice."""
        with self._state:
            if self.over:
                return
            self._over = True
            unused = self._users == 0
        # A thread that uses it just now gives it back.
        if unused:
            self._give_back(usable=self.roll_back())

    def roll_back(self) -> bool:
        """Undoes what is not committed; False if that failed, so that the connection is broken."""
        connection = self._opened.connection
        try:
            if self.in_transaction and not self.pool.source.is_sqlite:
                connection.cursor().execute("ROLLBACK")
            connection.rollback()
        except Exception:
            self._broken = True
        self.in_transaction = False
        return not self._broken

    def _give_back(self, *, usable: bool) -> None:
        self.pool.release(self._opened, usable=usable)


#: Exceptions of the DB-API after which a connection may be broken, and that of overdue requests,
#: which may come between a question to the server and its answer.
_BREAKING = frozenset(("OperationalError", "InterfaceError", "InternalError", "TimeoutError"))


def _may_break(error: Exception) -> bool:
    """Whether it is one of those, or a more special one."""
    return not _BREAKING.isdisjoint(kind.__name__ for kind in type(error).__mro__)
