"""The first page, with links to the examples."""

import importlib.util
import platform
from pathlib import Path

from page import html, page

TEMPLATE = Path(__file__).with_name("home.html").read_text(encoding="utf-8")


def application(environ, start_response):
    if environ["PATH_INFO"] not in ("", "/"):
        return html(
            start_response,
            page("Not found", "<p>There is no such page.</p>"),
            "404 Not Found",
        )
    found = importlib.util.find_spec("flask") is not None
    flask = (
        "A page with Flask, which is installed in this Python."
        if found
        else "Flask is not installed in this Python; the page has instructions."
    )
    return html(
        start_response,
        TEMPLATE.format(python=platform.python_version(), flask=flask).encode(),
    )
