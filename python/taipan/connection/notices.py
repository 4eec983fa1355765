"""Short pages that tell of a status."""

from __future__ import annotations

from html import escape
from http import HTTPStatus

from taipan.connection.response import Reply


def notice(by: str, status: int, markup: str, title: str | None = None) -> Reply:
    """A page of a title, which is text, and HTML; by default the title is the status's phrase."""
    shown = escape(title or _phrase_of(status))
    page = (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{shown}</title></head>\n'
        f"<body><h1>{shown}</h1>\n<p>{markup}</p>\n</body></html>\n"
    )
    body = page.encode("utf-8", "surrogateescape")
    return Reply(by, status, body, "text/html; charset=utf-8")


def _phrase_of(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Message"
