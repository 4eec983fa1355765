"""`Ns.GetConn`."""

from __future__ import annotations

from taipan.connection.connection import Connection
from taipan.connection.current import current_connection


def GetConn() -> Connection:
    """The connection of the present request. Raises `RuntimeError` outside of requests."""
    return current_connection()
