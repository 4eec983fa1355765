"""Formats the report about an exception as an HTML page."""

from __future__ import annotations

import base64
import os
import platform
from collections.abc import Iterator
from html import escape
from typing import Final, NamedTuple

from taipan.error_page.assets import SCRIPT, STYLE
from taipan.error_page.html_trace import TraceHtml, format_table
from taipan.error_page.report import ErrorReport, Problem
from taipan.error_page.request import RequestFacts
from taipan.events import Editor

_TITLE_LIMIT: Final = 200
#: Groups in groups that are set apart by the style.
_DEPTHS: Final = 4


class HtmlPage(NamedTuple):
    """A document, and the policy without which it must not be sent."""

    html: str
    #: Value of Content-Security-Policy.
    policy: str


def format_html(report: ErrorReport, status: str, editor: Editor | None = None) -> HtmlPage:
    """The page; `status` is that of the response, as in `500 Internal Server Error`."""
    nonce = base64.b64encode(os.urandom(18)).decode("ascii")
    last = report.problems[0]
    title = escape(f"{last.kind}: {last.message}"[:_TITLE_LIMIT])
    body = "".join(_Body(report, status, editor).format())
    html = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n<title>{title}</title>\n'
        f'<style nonce="{nonce}">{STYLE}</style>\n</head>\n<body>\n{body}'
        f'<script nonce="{nonce}">{SCRIPT}</script>\n</body>\n</html>\n'
    )
    return HtmlPage(html, _format_policy(nonce))


def _format_policy(nonce: str) -> str:
    return (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}';"
        # The page may learn that it is out of date.
        " connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
    )


class _Body:
    """The elements of the page."""

    def __init__(self, report: ErrorReport, status: str, editor: Editor | None) -> None:
        self._report = report
        self._status = status
        self._traces = TraceHtml(editor)

    def format(self) -> Iterator[str]:
        report = self._report
        last, *earlier = report.problems
        yield "<header><div>\n"
        yield _format_request_line(report.request, self._status)
        yield f"<h1>{escape(last.kind)}</h1>\n{_format_message(last)}"
        yield '<button type="button" id="copy" hidden>Copy as text</button>\n</div></header>\n'
        yield "<main>\n"
        if last.trace:
            yield "<h2>Traceback <small>most recent call first</small></h2>\n"
            yield from self._traces.format(last.trace)
        for problem in earlier:
            yield from self._format_earlier(problem)
        if report.others:
            yield f'<p class="gap">and {report.others} more</p>\n'
        yield from _format_request(report.request)
        yield "<h2>Text</h2>\n<details><summary>Traceback as text</summary>\n"
        yield f'<pre class="text" id="text">{escape(report.text)}</pre></details>\n</main>\n'
        yield _format_footer(report.request)

    def _format_earlier(self, problem: Problem) -> Iterator[str]:
        depth = min(problem.depth, _DEPTHS)
        yield f'<section class="depth-{depth}">\n' if depth > 0 else "<section>\n"
        yield f"<h2><small>{escape(problem.lead)}</small> {escape(problem.kind)}</h2>\n"
        yield _format_message(problem)
        yield from self._traces.format(problem.trace)
        yield "</section>\n"


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


def _format_request(request: RequestFacts | None) -> Iterator[str]:
    if request is None:
        return
    yield f"<h2>Request <small>{escape(request.method)} {escape(request.url)}</small></h2>\n"
    for title, variables in request.sections:
        yield f'<h3>{escape(title)}</h3>\n<div class="data">{format_table(variables)}</div>\n'
    title, variables = request.others
    yield f'<details class="more"><summary>{escape(title)}</summary>\n'
    yield f'<div class="data">{format_table(variables)}</div></details>\n'


def _format_footer(request: RequestFacts | None) -> str:
    identity = (
        f" Request {escape(request.identity)} in the log." if request and request.identity else ""
    )
    return (
        "<footer>Shown because the server runs with <code>--dev</code>; other clients than browsers"
        f" get JSON or a text. Python {escape(platform.python_version())}.{identity}</footer>\n"
    )
