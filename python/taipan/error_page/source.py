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


#: Columns of a line, from 0; equal ones are nothing.
Columns = tuple[int, int]
NO_COLUMNS: Final[Columns] = (0, 0)


class Span(NamedTuple):
    """A part of the source that begins in a line that is known."""

    start: int
    #: Number of the line, and the column, where it ends.
    last: int
    end: int


class Excerpt(NamedTuple):
    """Consecutive lines, without their common indentation."""

    #: Number of the first line.
    first: int
    lines: tuple[str, ...]
    #: Number of the line that matters.
    marked: int
    #: What matters in each line.
    marks: tuple[Columns, ...]


def load_lines(path: str, names: dict[str, Any] | None = None) -> list[str]:
    """The lines of a file or of what the loader in `names` has; empty when there are none."""
    try:
        linecache.checkcache(path)
        lines = linecache.getlines(path, names)
        return lines if lines else _read_lines(path)
    except Exception:
        return []


def make_excerpt(lines: list[str], marked: int, span: Span | None = None) -> Excerpt | None:
    """The lines around number `marked`, in which `span` begins; None if there is no such line."""
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
    marks = tuple(
        # A masked line has other columns.
        NO_COLUMNS
        if after != before[indent:]
        else _find_mark(before, number, (marked, span), indent)
        for number, (before, after) in enumerate(zip(chosen, shown), first)
    )
    return Excerpt(first, shown, marked, marks)


def _find_mark(line: str, number: int, place: tuple[int, Span | None], indent: int) -> Columns:
    first, span = place
    if span is None or not first <= number <= span.last:
        return NO_COLUMNS
    start = span.start if number == first else len(line) - len(line.lstrip())
    end = span.end if number == span.last else len(line.rstrip())
    # A whole line needs no mark.
    if start >= end or (first == span.last and line[start:end].strip() == line.strip()):
        return NO_COLUMNS
    return max(0, start - indent), max(0, end - indent)


def _read_lines(path: str) -> list[str]:
    """For files that Python cannot decode."""
    if not os.path.isfile(path) or os.path.getsize(path) > _FILE_LIMIT:
        return []
    with open(path, "rb") as stream:
        return stream.read().decode("utf-8", "replace").splitlines()
