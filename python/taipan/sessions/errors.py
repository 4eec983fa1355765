"""What goes wrong with sessions."""

from __future__ import annotations


class SessionError(RuntimeError):
    """A session or the application state cannot be read or stored."""


class SessionBusy(SessionError):
    """Another request has held the session for longer than this one may wait."""
