"""Responses that the worker itself makes when the application has none."""

from __future__ import annotations

import html

from taipan.tracebacks import format_exception, summarize


def plain_answer(text: str, content_type: str = "text/plain") -> tuple[bytes, bytes]:
    """The header lines, with Content-Length, and the body."""
    body = text.encode("utf-8", "replace")
    kind = f"Content-Type: {content_type}; charset=utf-8"
    return f"{kind}\r\nContent-Length: {len(body)}\r\n".encode(), body


def failure_answer(status: int, text: str, error: BaseException, dev: bool) -> tuple[bytes, bytes]:
    """The response to a failed request: a neutral text, or in dev mode the traceback."""
    fields, body = _describe_failure(status, text, error, dev)
    return (fields + b"Retry-After: 1\r\n" if status == 503 else fields), body


def _describe_failure(
    status: int, text: str, error: BaseException, dev: bool
) -> tuple[bytes, bytes]:
    if not dev:
        return plain_answer(f"{text}\n")
    page = (
        f"<!doctype html>\n<meta charset=utf-8>\n<title>{status} {html.escape(text)}</title>\n"
        f"<h1>{html.escape(summarize(error))}</h1>\n<pre>{html.escape(format_exception(error))}</pre>\n"
    )
    return plain_answer(page, "text/html")
