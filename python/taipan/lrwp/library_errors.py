"""What the old library raises."""

from __future__ import annotations


class ConnectError(Exception):
    """The server does not take the peer; the message is what it said."""


class ConnectionClosed(Exception):
    """The server has closed the connection: there are no more requests."""


class RequestOver(ConnectionClosed, SystemExit):
    """A CGI program has answered its request: one that asks for another ends without a word."""


class SocketError(OSError):
    """The server cannot be reached, or the connection is broken."""
