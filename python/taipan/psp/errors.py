"""Errors of pages."""

from __future__ import annotations


class PageSyntaxError(SyntaxError):
    """A page, or a file that it includes, cannot be compiled; `filename` and `lineno` say where."""

    def __init__(self, message: str, filename: str, line: int) -> None:
        super().__init__(message, (filename, line, None, None))
