"""Sessions in a file of SQLite."""

from __future__ import annotations

import os
import sqlite3
import stat
from typing import Any

from taipan.native import allocate_lock
from taipan.sessions.errors import SessionError
from taipan.sessions.file_locks import FileLocks
from taipan.sessions.store import AWAITED, SessionLock, SessionRecord

#: Seconds between two sweeps, and how many sessions one removes.
SWEEP_INTERVAL = 300.0
SWEEP_LIMIT = 1000
#: How long in seconds sessions are left to who waits for their end.
AWAITED_TIME = 86400.0
#: Of the locks, the numbers that are no session's.
_SETUP, _APPLICATION, _FREE = 0, 1, 16
_SETUP_TIMEOUT = 30.0
#: Seconds until a write of another process must be done.
_WRITE_TIMEOUT = 30.0
#: Pages of 4 KiB that a file of our own may have.
_PAGE_LIMIT = 256 * 1024

_SCHEMA = """
CREATE TABLE IF NOT EXISTS taipan_sessions (
    key BLOB PRIMARY KEY, data BLOB NOT NULL, created REAL NOT NULL, accessed REAL NOT NULL,
    timeout REAL NOT NULL, path TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS taipan_sessions_expires ON taipan_sessions (expires);
CREATE TABLE IF NOT EXISTS taipan_values (name TEXT PRIMARY KEY, data BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taipan_sweeps (id INTEGER PRIMARY KEY, swept REAL NOT NULL);
INSERT OR IGNORE INTO taipan_sweeps VALUES (1, 0);
"""
#: The last table of the schema.
_MADE = "SELECT 1 FROM sqlite_master WHERE name = 'taipan_sweeps'"
_LOAD = (
    "SELECT data, created, accessed, timeout, path FROM taipan_sessions"
    " WHERE key = ? AND expires > ?"
)
_INSERT = "INSERT INTO taipan_sessions VALUES (?, ?, ?, ?, ?, ?, ?)"
_CHANGE = (
    "UPDATE taipan_sessions SET key = ?, data = ?, created = ?, accessed = ?, timeout = ?,"
    " path = ?, expires = ? WHERE key = ?"
)
_BEGIN_SWEEP = "UPDATE taipan_sweeps SET swept = ? WHERE swept <= ? OR swept > ?"
_DELETE = "DELETE FROM taipan_sessions WHERE key = ?"
_EXPIRED = (
    "DELETE FROM taipan_sessions WHERE key IN (SELECT key FROM taipan_sessions"
    f" WHERE expires <= ? AND (expires <= ? OR instr(data, ?) = 0) LIMIT {SWEEP_LIMIT})"
)
_ENDED = (
    "SELECT key, data, created, accessed, timeout, path FROM taipan_sessions"
    " WHERE expires <= ? AND instr(data, ?) > 0 LIMIT ?"
)
_DELETE_ENDED = "DELETE FROM taipan_sessions WHERE key = ? AND expires <= ?"


class SqliteStore:
    """Sessions in one file, which other processes have open as well.

    With `directory` the file is temporary, and this folder for it is made if it is missing. A
    connection must not be used by a forked process.
    """

    def __init__(self, path: str, directory: str | None = None) -> None:
        self._path = path
        self._mutex = allocate_lock()
        self._next_sweep = 0.0
        try:
            if directory is not None:
                _make_private(directory)
            self._locks = FileLocks(f"{path}-lock")
            self._database = self._set_up(temporary=directory is not None)
        except TimeoutError:
            # For this thread, because its request takes too long.
            raise
        except (OSError, sqlite3.Error) as error:
            raise self._explain(error) from error

    def load(self, key: bytes, now: float) -> SessionRecord | None:
        """As `SessionStore.load`."""
        rows = self._read(_LOAD, key, now)
        return SessionRecord(*rows[0]) if rows else None

    def insert(self, key: bytes, record: SessionRecord) -> None:
        """As `SessionStore.insert`."""
        self._write(_INSERT, key, *_columns(record))

    def change(self, old: bytes, new: bytes, record: SessionRecord) -> bool:
        """As `SessionStore.change`."""
        return self._write(_CHANGE, new, *_columns(record), old) == 1

    def delete(self, key: bytes) -> None:
        """As `SessionStore.delete`."""
        self._write(_DELETE, key)

    def sweep(self, now: float) -> None:
        """As `SessionStore.sweep`."""
        # The clock may have been put back.
        if now < self._next_sweep <= now + SWEEP_INTERVAL:
            return
        self._next_sweep = now + SWEEP_INTERVAL
        if self._write(_BEGIN_SWEEP, now, now - SWEEP_INTERVAL, now) == 0:
            return
        if self._write(_EXPIRED, now, now - AWAITED_TIME, AWAITED) == SWEEP_LIMIT:
            # There may be more, which the next request removes.
            self._next_sweep = now
            self._write("UPDATE taipan_sweeps SET swept = 0")

    def take_ended(self, now: float, mark: bytes, most: int) -> list[SessionRecord]:
        """As `SessionStore.take_ended`."""
        rows = self._read(_ENDED, now, mark, most)
        # Another process may have found the same.
        return [SessionRecord(*row) for key, *row in rows if self._write(_DELETE_ENDED, key, now)]

    def make_lock(self, key: bytes) -> SessionLock:
        """As `SessionStore.make_lock`."""
        number = _FREE + (int.from_bytes(key[:8], "big") >> 3) if key else _APPLICATION
        return self._locks.make(number)

    def read_value(self, name: str) -> bytes | None:
        """As `SessionStore.read_value`."""
        rows = self._read("SELECT data FROM taipan_values WHERE name = ?", name)
        return rows[0][0] if rows else None

    def write_value(self, name: str, data: bytes | None) -> None:
        """As `SessionStore.write_value`."""
        if data is None:
            self._write("DELETE FROM taipan_values WHERE name = ?", name)
        else:
            self._write("INSERT OR REPLACE INTO taipan_values VALUES (?, ?)", name, data)

    def list_values(self) -> list[str]:
        """As `SessionStore.list_values`."""
        rows = self._read("SELECT name FROM taipan_values ORDER BY name")
        return [name for (name,) in rows]

    def close(self) -> None:
        """As `SessionStore.close`."""
        self._database.close()
        self._locks.close()

    def _set_up(self, *, temporary: bool) -> sqlite3.Connection:
        # Processes that change a new file at the same time would fail.
        lock = self._locks.make(_SETUP)
        try:
            lock.take(_SETUP_TIMEOUT)
            return self._open(temporary=temporary)
        finally:
            lock.release()

    def _open(self, *, temporary: bool) -> sqlite3.Connection:
        # SQLite would make it readable for others.
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(
            self._path, timeout=_WRITE_TIMEOUT, isolation_level=None, check_same_thread=False
        )
        try:
            _prepare(database, temporary=temporary)
        except BaseException:
            database.close()
            raise
        return database

    def _read(self, statement: str, *values: Any) -> list[Any]:
        try:
            with self._mutex:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _write(self, statement: str, *values: Any) -> int:
        """Gives the number of rows that have changed."""
        try:
            with self._mutex:
                return self._database.execute(statement, values).rowcount
        except sqlite3.Error as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> SessionError:
        return SessionError(f"the store of sessions, {self._path}, fails: {error}")


def _prepare(database: sqlite3.Connection, *, temporary: bool) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    # What a crash of the system takes away is temporary, or the last sessions.
    database.execute(f"PRAGMA synchronous = {'OFF' if temporary else 'NORMAL'}")
    if temporary:
        database.execute(f"PRAGMA max_page_count = {_PAGE_LIMIT}")
    # Looking takes no lock for writing.
    if not database.execute(_MADE).fetchall():
        database.executescript(_SCHEMA)


def _columns(record: SessionRecord) -> tuple[Any, ...]:
    return (*record, record.accessed + record.timeout)


def _make_private(directory: str) -> None:
    try:
        os.mkdir(directory, 0o700)
    except FileExistsError:
        # By another worker: nobody else knows the name.
        facts = os.lstat(directory)
        private = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) & 0o077 == 0
        if not private or facts.st_uid != os.geteuid():
            raise PermissionError(f"{directory} is no private folder of this user") from None
