"""Where the connections of a pool lead to."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

#: Seconds that SQLite waits for a lock of another connection.
_SQLITE_WAIT = 10.0


class DataSource(NamedTuple):
    """`MODULE:ARGUMENT`: a module of the DB-API, and what its `connect` gets."""

    module: str
    argument: str

    @property
    def is_sqlite(self) -> bool:
        """`sqlite:FILE`."""
        return self.module == "sqlite"

    @property
    def description(self) -> str:
        """For messages; arguments may have a password in them."""
        return f"sqlite:{self.argument}" if self.is_sqlite else self.module

    def connect(self) -> Any:
        """Opens a connection. Raises what the module raises, and `ModuleNotFoundError`."""
        if self.is_sqlite:
            import sqlite3

            # Each statement is a transaction of its own, and handles move between threads.
            return sqlite3.connect(
                self.argument, _SQLITE_WAIT, isolation_level=None, check_same_thread=False
            )
        connect = importlib.import_module(self.module).connect
        if self.argument.startswith("?"):
            return connect(**_parse_keywords(self.argument[1:]))
        return connect(self.argument) if self.argument else connect()


def parse_data_source(text: str) -> DataSource:
    """Reads `sqlite:FILE`, `MODULE:TEXT` or `MODULE:?NAME=VALUE&...`."""
    module, _, argument = text.partition(":")
    return DataSource(module, argument)


def _parse_keywords(text: str) -> dict[str, str | int]:
    from urllib.parse import parse_qsl

    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    return {name: int(value) if name == "port" else value for name, value in pairs}
