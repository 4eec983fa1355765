"""Responses that the worker itself makes when the application has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from taipan.events import Development
from taipan.frames import HEAD_EXPLAINS, HEAD_LENGTH, HEAD_STANDS_IN
from taipan.tracebacks import summarize

_TEXT: Final = "text/plain; charset=utf-8"
_HTML: Final = "text/html; charset=utf-8"
#: Has no charset (RFC 8259, 11).
_JSON: Final = "application/json"

#: Lines of every response that explains an error, and of no other.
_EXPLANATION: Final = (
    "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nVary: Accept\r\n"
)
_EXPLANATION_BYTES: Final = _EXPLANATION.encode("ascii")

#: Header lines, with Content-Length, and the body.
Answer = tuple[bytes, bytes]


class Failure(NamedTuple):
    """Why a request has no response of its application."""

    status: int
    #: Reason phrase of the status.
    text: str
    error: BaseException


def plain_answer(text: str) -> Answer:
    """A response of plain text."""
    return _make_answer(_TEXT, text, "")


def failure_answer(failure: Failure, request: Mapping[str, Any], dev: Development | None) -> Answer:
    """The response to a failed request, an environ or a scope; without `dev` a neutral text."""
    fields, body = (
        plain_answer(f"{failure.text}\n") if dev is None else _explain(failure, request, dev)
    )
    return (fields + b"Retry-After: 1\r\n" if failure.status == 503 else fields), body


def answer_flags(fields: bytes) -> int:
    """Flags of the HEAD frame of an answer with these header lines.

    An error page may replace it, unless it is a page that explains an error itself.
    """
    flags = HEAD_LENGTH | HEAD_EXPLAINS if _EXPLANATION_BYTES in fields else HEAD_LENGTH
    is_page = fields.startswith(b"Content-Type: text/html")
    return flags if is_page else flags | HEAD_STANDS_IN


def _explain(failure: Failure, request: Mapping[str, Any], dev: Development) -> Answer:
    """The error with its traceback and the request: a page for browsers, or JSON, or a text."""
    policy = _EXPLANATION
    try:
        # Costs time and memory that only `--dev` has.
        from taipan.error_page import describe_error, describe_request, format_html, format_json

        facts = describe_request(request)
        report = describe_error(failure.error, facts)
        status = f"{failure.status} {failure.text}"
        if facts.wanted == "html":
            page = format_html(report, status, dev.editor)
            policy += f"Content-Security-Policy: {page.policy}\r\n"
            return _make_answer(_HTML, page.html, policy)
        if facts.wanted == "json":
            return _make_answer(_JSON, format_json(report, status), policy)
        return _make_answer(_TEXT, report.text, policy)
    except Exception as error:
        # Not the traceback, in which nothing is masked.
        text = f"{failure.text}: the traceback is in the log, and cannot be shown here"
        return _make_answer(_TEXT, f"{text}: {summarize(error)}\n", policy)


def _make_answer(kind: str, text: str, fields: str) -> Answer:
    body = text.encode("utf-8", "replace")
    lines = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{fields}"
    return lines.encode("ascii"), body
