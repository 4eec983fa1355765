"""Files of SQL."""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Quoted text, comments, and the end of a statement.
_PART = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|--[^\n]*|/\*.*?\*/|;""", re.DOTALL)


def split_statements(text: str) -> Iterator[str]:
    """The statements of a file, which a semicolon ends; without comments."""
    pieces: list[str] = []
    at = 0
    for match in _PART.finditer(text):
        pieces.append(text[at : match.start()])
        at = match.end()
        if match[0] == ";":
            yield from _join(pieces)
            pieces = []
        elif match[0][0] in "'\"":
            pieces.append(match[0])
    yield from _join([*pieces, text[at:]])


def _join(pieces: list[str]) -> Iterator[str]:
    statement = "".join(pieces).strip()
    if statement:
        yield statement
