"""Exceptions of scripts."""

from __future__ import annotations


class ScriptError(Exception):
    """An error that answers the request itself.

    When one ends a script, whatever was printed and not sent yet is dropped, and the exception is
    called with the connection and the URL; what it prints is the response (PyWX).
    """

    def __call__(self, connection: object, url: str) -> None:
        """Prints the response. By default the error is treated as any other."""
        raise self


class OutputError(RuntimeError):
    """What a script printed is no response."""
