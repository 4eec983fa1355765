"""What the old library raises."""

from __future__ import annotations


class ConnectError(Exception):
    """The server does not take the peer; the message is what it said."""


class ConnectionClosed(Exception):
    """The server has closed the connection: there are no more requests."""


class SocketError(OSError):
    """The server cannot be reached, or the connection is broken."""
