"""Responses that the worker itself makes when the application has none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from taipan.frames import HEAD_LENGTH, HEAD_STANDS_IN
from taipan.tracebacks import summarize

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
    return _make_answer("text/plain", text, "")


def failure_answer(failure: Failure, request: Mapping[str, Any] | None) -> Answer:
    """The response to a failed request: a neutral text without `request`, its environ or scope."""
    fields, body = (
        plain_answer(f"{failure.text}\n") if request is None else _explain(failure, request)
    )
    return (fields + b"Retry-After: 1\r\n" if failure.status == 503 else fields), body


def answer_flags(fields: bytes) -> int:
    """Flags of the HEAD frame of an answer with these header lines.

    An error page may replace it, unless it explains an error itself.
    """
    explains = fields.startswith(b"Content-Type: text/html")
    return HEAD_LENGTH if explains else HEAD_LENGTH | HEAD_STANDS_IN


def _explain(failure: Failure, request: Mapping[str, Any]) -> Answer:
    """The error with its traceback and the request: a page for browsers, a text for others."""
    policy = "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nVary: Accept\r\n"
    try:
        # Costs time and memory that only `--dev` has.
        from taipan.error_page import describe_error, describe_request, format_html

        facts = describe_request(request)
        report = describe_error(failure.error, facts)
        if not facts.wants_html:
            return _make_answer("text/plain", report.text, policy)
        page = format_html(report, f"{failure.status} {failure.text}")
        policy += f"Content-Security-Policy: {page.policy}\r\n"
        return _make_answer("text/html", page.html, policy)
    except Exception as error:
        # Not the traceback, in which nothing is masked.
        text = f"{failure.text}: the traceback is in the log, and cannot be shown here"
        return _make_answer("text/plain", f"{text}: {summarize(error)}\n", policy)


def _make_answer(kind: str, text: str, fields: str) -> Answer:
    body = text.encode("utf-8", "replace")
    lines = f"Content-Type: {kind}; charset=utf-8\r\nContent-Length: {len(body)}\r\n{fields}"
    return lines.encode("ascii"), body
