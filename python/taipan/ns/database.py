"""`Ns.DbHandle`, and pools of them."""

from __future__ import annotations

import os
from typing import Any

from taipan.field_set import FieldSet
from taipan.ns.constants import DML, END_DATA, OK, ROWS
from taipan.ns.set import Set
from taipan.pools.errors import PoolError
from taipan.pools.handle import DatabaseHandle
from taipan.pools.pool import WAIT
from taipan.pools.pools import default_pool, find_pool
from taipan.scripts.request.current import require_request


class DbHandle(DatabaseHandle):
    """A `DatabaseHandle` with the names of PyWX."""

    set_type = Set
    #: Passwords are in the configuration.
    user = password = None

    def __init__(self, pool: str | None = None, wait: float = WAIT) -> None:
        """Waits up to `wait` seconds for a handle of the pool, the first one by default."""
        super().__init__(require_request(), pool, wait)
        self._procedure = ""
        self._parameters: list[tuple[str, Any]] = []

    @property
    def poolname(self) -> str:
        """`pool_name`."""
        return self.pool_name

    @property
    def datasource(self) -> str:
        """`data_source`."""
        return self.data_source

    @property
    def dsExceptionMsg(self) -> str:
        """`message`."""
        return self.message

    @property
    def fetchingRows(self) -> bool:
        """`is_fetching`."""
        return self.is_fetching

    def DML(self, sql: str, *parameters: Any) -> int:
        """`dml`."""
        self.dml(sql, parameters)
        return OK

    def Select(self, sql: str, *parameters: Any) -> FieldSet:
        """`select`."""
        return self.select(sql, parameters)

    def GetRow(self, row: FieldSet | None = None) -> int:
        """Puts the next row into `row`, and into the attribute `row`; END_DATA at the end."""
        found = self.get_row()
        if found is None:
            return END_DATA
        if row is not None and row is not found:
            row.assign(found)
        return OK

    def Exec(self, sql: str, *parameters: Any) -> int:
        """`exec`; tells DML or ROWS."""
        return ROWS if self.exec(sql, parameters) else DML

    def BindRow(self) -> FieldSet:
        """`bind_row`."""
        return self.bind_row()

    def Flush(self) -> int:
        """`flush`."""
        self.flush()
        return OK

    Cancel = Flush

    def ResetHandle(self) -> int:
        """`reset`."""
        self.reset()
        return OK

    def Db0or1Row(self, sql: str, *parameters: Any) -> tuple[FieldSet | None, int]:
        """The only row, or None, and how many there are."""
        found = self.zero_or_one_row(sql, parameters)
        return found, 0 if found is None else 1

    def Db1Row(self, sql: str, *parameters: Any) -> FieldSet:
        """`one_row`."""
        return self.one_row(sql, parameters)

    def SpStart(self, name: str) -> int:
        """Begins a call of a stored procedure."""
        self._procedure, self._parameters = name, []
        return OK

    def SpSetParam(self, name: str, kind: str, direction: str, value: Any) -> int:
        """Adds a parameter; `kind` and `direction` are what the procedure says."""
        self._parameters.append((name, value))
        return OK

    def SpExec(self) -> int:
        """Calls the procedure; tells DML or ROWS."""
        names = [name for name, _ in self._parameters]
        values = self.call_procedure(self._procedure, [value for _, value in self._parameters])
        self._parameters = list(zip(names, values))
        return ROWS if self.is_fetching else DML

    def SpGetParams(self) -> FieldSet:
        """The parameters as they are after the call."""
        return Set("parameters", self._parameters)

    def InterpretSqlFile(self, path: str) -> int:
        """`run_file`; a relative path starts at the folder of the script."""
        self.run_file(os.path.join(os.path.dirname(require_request().path), path))
        return OK

    def SetException(self, code: str, message: str) -> int:
        """Sets the message that `dsExceptionMsg` has."""
        self.message = f"{code}: {message}" if code else message
        return OK

    def DriverName(self) -> str:
        """`driver`."""
        return self.driver

    DriverDbType = DriverName


def DbPoolDefault(server: str | None = None) -> str | None:
    """The name of the first pool of the route; None without any."""
    return default_pool(require_request().settings.pools)


def DbPoolList(server: str | None = None) -> list[str]:
    """The names of the pools of the route."""
    return list(require_request().settings.pools)


def DbPoolAllowable(*server_and_pool: str) -> bool:
    """Whether the route has the pool."""
    return server_and_pool[-1] in require_request().settings.pools


def DbPoolDescription(pool: str) -> str:
    """What the pool connects to."""
    return find_pool(require_request().settings.pools, pool).source.description


def DbPoolGetHandle(pool: str | None = None) -> DbHandle:
    """A handle of the pool. Raises `PoolError`."""
    return DbHandle(pool)


def DbPoolTimedGetHandle(pool: str | None, wait: float) -> DbHandle:
    """A handle of the pool. Raises `PoolError` after `wait` seconds."""
    return DbHandle(pool, wait)


def DbPoolGetMultipleHandles(pool: str | None, count: int) -> list[DbHandle]:
    """Some handles of the pool. Raises `PoolError`."""
    return DbPoolTimedGetMultipleHandles(pool, count, WAIT)


def DbPoolTimedGetMultipleHandles(pool: str | None, count: int, wait: float) -> list[DbHandle]:
    """Some handles of the pool. Raises `PoolError` when one does not come within `wait` seconds."""
    handles: list[DbHandle] = []
    try:
        while len(handles) < count:
            handles.append(DbHandle(pool, wait))
    except PoolError:
        for handle in handles:
            handle.release()
        raise
    return handles


def DbBouncePool(pool: str) -> int:
    """Uses no connection of the pool again that is open now."""
    find_pool(require_request().settings.pools, pool).bounce()
    return OK


def DbQuoteValue(value: object) -> str:
    """The text with doubled quotes; parameters of a statement are safer."""
    return str(value).replace("'", "''")
