"""The connection of the request that the caller serves."""

from __future__ import annotations

from typing import Any, cast

from taipan.connection.connection import Connection
from taipan.scripts.request.current import ScriptRequest, current_request, require_request


def connection_of(request: ScriptRequest) -> Connection:
    """The connection object of a request, the same one each time; it has the names of PyWX, too."""
    if request.outer is not None:
        return connection_of(request.outer)
    known: Connection | None = request.connection
    if known is not None:
        return known
    from taipan.ns.conn import Conn

    # A thread that the script has started may ask for it at the same time.
    found: Connection = request.__dict__.setdefault("connection", Conn(request))
    found.join()
    return found


def current_connection() -> Connection:
    """The connection object of the present request. Raises `RuntimeError` outside of requests."""
    return connection_of(require_request())


class _CurrentConnection:
    """Forwards to the connection of the present request."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and current_request() is None:
            raise AttributeError(name)
        return getattr(current_connection(), name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(current_connection(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(current_connection(), name)

    def __dir__(self) -> list[str]:
        return dir(Connection if current_request() is None else current_connection())

    def __repr__(self) -> str:
        request = current_request()
        return "<connection of no request>" if request is None else repr(connection_of(request))


#: The connection of the present request.
conn = cast(Connection, _CurrentConnection())
