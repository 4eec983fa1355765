"""Short pages that tell of a status."""

from __future__ import annotations

from html import escape
from http import HTTPStatus


def format_notice(title: str, markup: str) -> str:
    """A small page; `title` is text, `markup` is HTML."""
    shown = escape(title)
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8"><title>{shown}</title></head>\n'
        f"<body><h1>{shown}</h1>\n{markup}\n</body></html>\n"
    )


def title_of(status: int) -> str:
    """The phrase of a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Server Message"
