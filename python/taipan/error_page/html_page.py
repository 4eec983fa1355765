"""Formats the report about an exception as an HTML page."""

from __future__ import annotations

import base64
import os
import platform
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from itertools import groupby
from typing import Final, NamedTuple

from taipan.error_page.assets import SCRIPT, STYLE
from taipan.error_page.report import ErrorReport, Problem
from taipan.error_page.request import RequestFacts
from taipan.error_page.source import Excerpt
from taipan.error_page.trace import Frame, Gap, Trace, Variable
from taipan.places import library_name

_TITLE_LIMIT: Final = 200
_RELATIONS: Final = {
    "cause": "It was raised because of",
    "context": "It was raised while this was handled:",
    "member": "Part of the group:",
}


class HtmlPage(NamedTuple):
    """A document, and the policy without which it must not be sent."""

    html: str
    #: Value of Content-Security-Policy.
    policy: str


def format_html(report: ErrorReport, status: str) -> HtmlPage:
    """The page; `status` is that of the response, as in `500 Internal Server Error`."""
    nonce = base64.b64encode(os.urandom(18)).decode("ascii")
    last = report.problems[0]
    title = escape(f"{last.kind}: {last.message}"[:_TITLE_LIMIT])
    body = "".join(_format_body(report, status, nonce))
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n<title>{title}</title>\n'
        f'<style nonce="{nonce}">{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n'
    )
    return HtmlPage(html, _format_policy(nonce))


def _format_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
        # The page may learn that it is out of date.
        " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
    )


def _format_body(report: ErrorReport, status: str, nonce: str) -> Iterator[str]:
    last, *earlier = report.problems
    yield "<header><div>\n"
    yield _format_request_line(report.request, status)
    yield f"<h1>{escape(last.kind)}</h1>\n{_format_message(last)}"
    yield '<button type="button" id="copy" hidden>Copy as text</button>\n</div></header>\n<main>\n'
    if last.trace:
        yield "<h2>Traceback <small>most recent call first</small></h2>\n"
        yield from _format_trace(last.trace, is_open=True)
    for problem in earlier:
        relation = _RELATIONS[problem.relation]
        yield f"<h2><small>{relation}</small> {escape(problem.kind)}</h2>\n"
        yield _format_message(problem)
        yield from _format_trace(problem.trace, is_open=True)
    if report.others:
        yield f'<p class="gap">and {report.others} more</p>\n'
    yield from _format_request(report.request)
    yield "<h2>Text</h2>\n<details><summary>Traceback as text</summary>\n"
    yield f'<pre class="text" id="text">{escape(report.text)}</pre></details>\n</main>\n'
    yield _format_footer(report.request)
    yield f'<script nonce="{nonce}">{SCRIPT}</script>\n'


def _format_request_line(request: RequestFacts | None, status: str) -> str:
    if request is None:
        return f'<p class="request"><b>{escape(status)}</b></p>\n'
    where = f"{escape(request.method)} {escape(request.url)}"
    return f'<p class="request"><b>{escape(status)}</b> · {where}</p>\n'


def _format_message(problem: Problem) -> str:
    notes = "".join(f'<p class="message">{escape(note)}</p>\n' for note in problem.notes)
    message = f'<p class="message">{escape(problem.message)}</p>\n' if problem.message else ""
    details = f'<pre class="text">{escape(problem.details)}</pre>\n' if problem.details else ""
    return message + notes + details


def _format_trace(trace: Trace, *, is_open: bool) -> Iterator[str]:
    """The calls, last one first; what the user has not written is folded."""
    entries = list(reversed(trace))
    has_own = any(isinstance(entry, Frame) and not entry.is_library for entry in entries)
    if not has_own:
        # The place of the error.
        first = [entry for entry in entries[:1] if isinstance(entry, Frame)]
        yield from (_format_frame(frame, is_open) for frame in first)
        entries = entries[len(first) :]
    for is_library, group in groupby(entries, _belongs_to_library):
        members = list(group)
        if is_library:
            yield from _format_library(members)
        else:
            yield from (_format_entry(entry, is_open) for entry in members)


def _belongs_to_library(entry: Frame | Gap) -> bool:
    return isinstance(entry, Frame) and entry.is_library


def _format_library(entries: Sequence[Frame | Gap]) -> Iterator[str]:
    frames = [entry for entry in entries if isinstance(entry, Frame)]
    names = ", ".join(dict.fromkeys(library_name(frame.path) for frame in frames))
    count = "1 call" if len(frames) == 1 else f"{len(frames)} calls"
    yield f'<details class="library"><summary>{count} in {escape(names)}</summary>\n'
    yield from (_format_entry(entry, len(frames) == 1) for entry in entries)
    yield "</details>\n"


def _format_entry(entry: Frame | Gap, is_open: bool) -> str:
    if isinstance(entry, Gap):
        return f'<p class="gap">{escape(entry.text)}</p>\n'
    return _format_frame(entry, is_open)


def _format_frame(frame: Frame, is_open: bool) -> str:
    function = f" in <code>{escape(frame.function)}</code>" if frame.function else ""
    place = f"<b>{escape(frame.shown)}</b>, line {frame.line}{function}"
    source = (
        '<p class="soft">There is no source to show.</p>\n'
        if frame.excerpt is None
        else _format_source(frame.excerpt)
    )
    state = " open" if is_open else ""
    return (
        f'<details class="frame"{state}><summary title="{escape(frame.path)}">{place}</summary>\n'
        f"{source}{_format_variables(frame)}</details>\n"
    )


def _format_source(excerpt: Excerpt) -> str:
    lines = "".join(
        _format_line(number, line, excerpt)
        for number, line in enumerate(excerpt.lines, excerpt.first)
    )
    return f'<pre class="source" tabindex="0">{lines}</pre>\n'


def _format_line(number: int, line: str, excerpt: Excerpt) -> str:
    if number != excerpt.marked:
        return f"<span><i>{number}</i>{escape(line)}\n</span>"
    start, end = excerpt.columns
    text = escape(line)
    if start < end:
        marked = f"<mark>{escape(line[start:end])}</mark>"
        text = f"{escape(line[:start])}{marked}{escape(line[end:])}"
    return f'<span class="failed"><i>{number}</i>{text}\n</span>'


def _format_variables(frame: Frame) -> str:
    if not frame.variables:
        return ""
    others = f'<p class="gap">and {frame.others} more</p>\n' if frame.others else ""
    table = _format_table(frame.variables)
    return (
        f'<details class="locals"><summary>Local variables</summary>\n{table}{others}</details>\n'
    )


def _format_request(request: RequestFacts | None) -> Iterator[str]:
    if request is None:
        return
    yield f"<h2>Request <small>{escape(request.method)} {escape(request.url)}</small></h2>\n"
    for title, variables in request.sections:
        yield f'<h3>{escape(title)}</h3>\n<div class="data">{_format_table(variables)}</div>\n'


def _format_table(variables: Iterable[Variable]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>\n'
        for name, value in variables
    )
    return f"<table>{rows}</table>\n"


def _format_footer(request: RequestFacts | None) -> str:
    identity = (
        f" Request {escape(request.identity)} in the log." if request and request.identity else ""
    )
    return (
        "<footer>Shown because the server runs with <code>--dev</code>; other clients than browsers"
        f" get the text. Python {escape(platform.python_version())}.{identity}</footer>\n"
    )
