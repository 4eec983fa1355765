"""Lines of source around a place."""

from __future__ import annotations

import linecache
import os
from typing import Any, Final, NamedTuple

from taipan.error_page.masking import mask_source

_BEFORE: Final = 6
_AFTER: Final = 5
_LINE_LIMIT: Final = 300
_FILE_LIMIT: Final = 4 * 1024 * 1024


class Excerpt(NamedTuple):
    """Consecutive lines, without their common indentation."""

    #: Number of the first line.
    first: int
    lines: tuple[str, ...]
    #: Number of the line that matters.
    marked: int
    #: Columns of what matters in it, from 0; equal when they are not known.
    columns: tuple[int, int]


def load_lines(path: str, names: dict[str, Any] | None = None) -> list[str]:
    """The lines of a file or of what the loader in `names` has; empty when there are none."""
    try:
        linecache.checkcache(path)
        lines = linecache.getlines(path, names)
        return lines if lines else _read_lines(path)
    except Exception:
        return []


def make_excerpt(
    lines: list[str], marked: int, columns: tuple[int, int] = (0, 0)
) -> Excerpt | None:
    """The lines around number `marked`; None if there is no such line."""
    if not 1 <= marked <= len(lines):
        return None
    first = max(1, marked - _BEFORE)
    chosen = [line.rstrip("\r\n\f") for line in lines[first - 1 : marked + _AFTER]]
    while len(chosen) > marked - first + 1 and not chosen[-1].strip():
        chosen.pop()
    while first < marked and not chosen[0].strip():
        chosen.pop(0)
        first += 1
    indent = min(
        len(line) - len(line.lstrip()) for line in chosen if line.strip() or len(chosen) == 1
    )
    shown = tuple(mask_source(line[indent:][:_LINE_LIMIT]) for line in chosen)
    start, end = (min(max(0, column - indent), _LINE_LIMIT) for column in columns)
    # A masked line has other columns, and a whole line needs no mark.
    line = chosen[marked - first][indent:]
    is_same = shown[marked - first] == line and line[start:end].strip() != line.strip()
    return Excerpt(first, shown, marked, (start, end) if is_same and start < end else (0, 0))


def _read_lines(path: str) -> list[str]:
    """For files that Python cannot decode."""
    if not os.path.isfile(path) or os.path.getsize(path) > _FILE_LIMIT:
        return []
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8", "replace").splitlines()
