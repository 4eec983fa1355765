"""Formats the calls of a traceback as HTML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Union

from taipan.error_page.editor_link import format_link
from taipan.error_page.source import Columns, Excerpt
from taipan.error_page.trace import Frame, Gap, Trace, Variable
from taipan.events import Editor
from taipan.places import library_name

_Entry = Union[Frame, Gap]


class TraceHtml:
    """Formats calls with links that open an editor."""

    def __init__(self, editor: Editor | None) -> None:
        self._editor = editor

    def format(self, trace: Trace) -> Iterator[str]:
        """The calls, last one first; what the user has not written is folded."""
        entries = list(reversed(trace))
        has_own = any(isinstance(entry, Frame) and not entry.is_library for entry in entries)
        if not has_own:
            # The place of the error.
            first = [entry for entry in entries[:1] if isinstance(entry, Frame)]
            yield from (self._format_frame(frame, True) for frame in first)
            entries = entries[len(first) :]
        for is_library, group in groupby(entries, _belongs_to_library):
            members = list(group)
            if is_library:
                yield from self._format_library(members)
            else:
                yield from (self._format_entry(entry, True) for entry in members)

    def _format_library(self, entries: Sequence[_Entry]) -> Iterator[str]:
        frames = [entry for entry in entries if isinstance(entry, Frame)]
        names = ", ".join(dict.fromkeys(library_name(frame.path) for frame in frames))
        count = "1 call" if len(frames) == 1 else f"{len(frames)} calls"
        yield f'<details class="library"><summary>{count} in {escape(names)}</summary>\n'
        yield from (self._format_entry(entry, len(frames) == 1) for entry in entries)
        yield "</details>\n"

    def _format_entry(self, entry: _Entry, is_open: bool) -> str:
        if isinstance(entry, Gap):
            return f'<p class="gap">{escape(entry.text)}</p>\n'
        return self._format_frame(entry, is_open)

    def _format_frame(self, frame: Frame, is_open: bool) -> str:
        function = f" in <code>{escape(frame.function)}</code>" if frame.function else ""
        place = f"<span><b>{escape(frame.shown)}</b>, line {frame.line}{function}</span>"
        source = (
            '<p class="soft">There is no source to show.</p>\n'
            if frame.excerpt is None
            else _format_source(frame.excerpt)
        )
        state = " open" if is_open else ""
        title = escape(frame.path)
        return (
            f'<details class="frame"{state}><summary title="{title}">'
            f"{place}{self._format_link(frame)}</summary>\n"
            f"{source}{_format_variables(frame)}</details>\n"
        )

    def _format_link(self, frame: Frame) -> str:
        address = self._editor and format_link(frame, self._editor)
        if self._editor is None or address is None:
            return ""
        title = f"Open in {escape(self._editor.title)}"
        return f' <a href="{escape(address)}">{title}</a>'


def format_table(variables: Iterable[Variable]) -> str:
    """Names with their values."""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n'
        for name, value in variables
    )
    return f"<table>{rows}</table>\n"


def _belongs_to_library(entry: _Entry) -> bool:
    return isinstance(entry, Frame) and entry.is_library


def _format_source(excerpt: Excerpt) -> str:
    lines = "".join(
        _format_line(line, mark, number, number == excerpt.marked)
        for number, (line, mark) in enumerate(zip(excerpt.lines, excerpt.marks), excerpt.first)
    )
    return f'<pre class="source" tabindex="0">{lines}</pre>\n'


def _format_line(line: str, mark: Columns, number: int, is_failed: bool) -> str:
    start, end = mark
    text = escape(line)
    if start < end:
        marked = f"<mark>{escape(line[start:end])}</mark>"
        text = f"{escape(line[:start])}{marked}{escape(line[end:])}"
    opening = '<span class="failed">' if is_failed else "<span>"
    return f"{opening}<i>{number}</i>{text}\n</span>"


def _format_variables(frame: Frame) -> str:
    if not frame.variables:
        return ""
    others = f'<p class="gap">and {frame.others} more</p>\n' if frame.others else ""
    table = format_table(frame.variables)
    return (
        f'<details class="locals"><summary>Local variables</summary>\n{table}{others}</details>\n'
    )
