"""Handles: how scripts use a database."""

from __future__ import annotations

import re
import weakref
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from taipan.field_set import FieldSet
from taipan.pools.errors import PoolError
from taipan.pools.lease import Lease
from taipan.pools.pool import WAIT
from taipan.pools.pools import find_pool
from taipan.pools.rows import column_names, fill
from taipan.pools.statements import split_statements
from taipan.scripts.request.current import ScriptRequest

#: A statement that begins or ends a transaction, not a return to a savepoint.
_CONTROL = re.compile(
    r"\s*(begin|start\s+transaction|commit|end|rollback|abort)\b(?!.*\sto\s)[a-z\s]*;?\s*",
    re.IGNORECASE | re.DOTALL,
)
_END = {"commit": "commit", "end": "commit", "rollback": "rollback", "abort": "rollback"}

Parameters = Sequence[Any]


class DatabaseHandle:
    """A connection out of a pool of the route, until the object or the request ends.

    Each statement is a transaction of its own, unless `begin` was executed; what is not committed
    at the end is rolled back. Failures raise `PoolError`.
    """

    set_type: ClassVar[type[FieldSet]] = FieldSet

    def __init__(self, request: ScriptRequest, pool: str | None = None, wait: float = WAIT) -> None:
        """Waits up to `wait` seconds for a handle of the pool, the first one by default."""
        if request.over:
            raise PoolError(f"pool {pool}: the request is over")
        found = find_pool(request.settings.pools, pool)
        self._reporter = request.settings.reporter
        self._lease = Lease(found, found.acquire(wait))
        held = request.hold(self._lease)
        weakref.finalize(self, _end, self._lease, held).atexit = False
        if request.over:
            # It has ended while this thread waited.
            self._lease.release()
        #: Name of the pool.
        self.pool_name = found.name
        #: Each statement is logged.
        self.verbose = False
        #: The last statement.
        self.statement = ""
        #: The last row.
        self.row = self.set_type(name="row")
        #: Why the last statement failed.
        self.message = ""
        self._cursor: Any = None

    @property
    def connected(self) -> bool:
        """It has not been given back."""
        return not self._lease.over

    @property
    def connection(self) -> Any:
        """The connection of the DB-API. Raises `PoolError` after the end."""
        with self._use() as connection:
            return connection

    @property
    def driver(self) -> str:
        """Name of the module; `sqlite` for that of Python."""
        return self._lease.pool.source.module

    @property
    def data_source(self) -> str:
        """What the module connects to."""
        return self._lease.pool.source.argument

    @property
    def is_fetching(self) -> bool:
        """Rows may be left."""
        return self._cursor is not None

    def dml(self, sql: str, parameters: Parameters = ()) -> None:
        """Executes a statement without rows."""
        self.exec(sql, parameters)
        self.flush()

    def select(self, sql: str, parameters: Parameters = ()) -> FieldSet:
        """Begins a query; gives the names of its columns."""
        if not self.exec(sql, parameters):
            raise self._fail(f"the statement has no rows: {sql[:80]}")
        return self.bind_row()

    def exec(self, sql: str, parameters: Parameters = ()) -> bool:
        """Executes a statement; tells whether it has rows."""
        self.flush()
        self.statement = sql
        if self.verbose:
            self._reporter.report("info", f"pool {self.pool_name}: {sql}")
        with self._use() as connection:
            if not self._control_transaction(connection, sql):
                self._execute(connection, sql, parameters)
        return self._cursor is not None

    def bind_row(self) -> FieldSet:
        """The names of the columns of the statement, without values."""
        fill(self.row, [] if self._cursor is None else column_names(self._cursor))
        return self.row

    def get_row(self, row: FieldSet | None = None) -> FieldSet | None:
        """The next row, in `row` if it is given; None at the end."""
        if self._cursor is None:
            return None
        with self._use():
            values = self._cursor.fetchone()
            names = column_names(self._cursor)
        if values is None:
            self.flush()
            return None
        target = self.row if row is None else row
        fill(target, names, values)
        return target

    def rows(self, sql: str, parameters: Parameters = ()) -> Iterator[FieldSet]:
        """The rows of a query, each in a set of its own."""
        self.select(sql, parameters)
        while (row := self.get_row(self.set_type(name="row"))) is not None:
            yield row

    def zero_or_one_row(self, sql: str, parameters: Parameters = ()) -> FieldSet | None:
        """The only row; None without one. Raises `PoolError` if there are more."""
        self.select(sql, parameters)
        found = self.get_row(self.set_type(name="row"))
        if found is not None and self.get_row(self.set_type()) is not None:
            self.flush()
            raise self._fail(f"the query has more than one row: {sql[:80]}")
        return found

    def one_row(self, sql: str, parameters: Parameters = ()) -> FieldSet:
        """The only row. Raises `PoolError` if there are more, or none."""
        found = self.zero_or_one_row(sql, parameters)
        if found is None:
            raise self._fail(f"the query has no row: {sql[:80]}")
        return found

    def call_procedure(self, name: str, parameters: Parameters = ()) -> Sequence[Any]:
        """Calls a stored procedure; gives its parameters as they are then."""
        self.flush()
        with self._use() as connection:
            cursor = connection.cursor()
            if not hasattr(cursor, "callproc"):
                raise self._fail(f"{self.driver} has no stored procedures")
            result: Sequence[Any] = cursor.callproc(name, tuple(parameters))
            self._keep_rows(connection, cursor)
            return result

    def run_file(self, path: str) -> None:
        """Executes the statements of a file of SQL. Raises `OSError` if it cannot be read."""
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.flush()
        if self._lease.pool.source.is_sqlite:
            with self._use() as connection:
                connection.executescript(text)
            return
        for statement in split_statements(text):
            self.dml(statement)

    def flush(self) -> None:
        """Forgets the rows that are left."""
        cursor, self._cursor = self._cursor, None
        if cursor is not None and not self._lease.over:
            with self._use():
                cursor.close()

    def reset(self) -> None:
        """Forgets rows, and rolls back what was begun."""
        self.flush()
        with self._use():
            self._lease.roll_back()

    def release(self) -> None:
        """Gives the handle back before the end of the request."""
        self._cursor = None
        self._lease.release()

    @contextmanager
    def _use(self) -> Generator[Any, None, None]:
        try:
            with self._lease.use() as connection:
                yield connection
        except PoolError as error:
            self.message = str(error)
            raise

    def _control_transaction(self, connection: Any, sql: str) -> bool:
        """Begins or ends a transaction; whether the statement is one that does."""
        match = _CONTROL.fullmatch(sql)
        if match is None:
            return False
        end = _END.get(match[1].lower())
        if not self._lease.commits_itself:
            if end is not None:
                getattr(connection, end)()
        else:
            # SQLite knows no other words.
            usual = self._lease.pool.source.is_sqlite and match[1].lower() not in ("begin", end)
            connection.cursor().execute((end or "begin") if usual else sql)
        self._lease.in_transaction = end is None
        return True

    def _execute(self, connection: Any, sql: str, parameters: Parameters) -> None:
        cursor = connection.cursor()
        # Without parameters `%` has no meaning in a statement.
        if parameters:
            cursor.execute(sql, parameters)
        else:
            cursor.execute(sql)
        self._keep_rows(connection, cursor)

    def _keep_rows(self, connection: Any, cursor: Any) -> None:
        if cursor.description:
            self._cursor = cursor
            return
        cursor.close()
        if not self._lease.commits_itself and not self._lease.in_transaction:
            connection.commit()

    def _fail(self, text: str) -> PoolError:
        self.message = text
        return PoolError(f"pool {self.pool_name}: {text}")


def _end(lease: Lease, held: set[Any]) -> None:
    lease.release()
    held.discard(lease)
