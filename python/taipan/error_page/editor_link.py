"""Addresses that open a place in an editor."""

from __future__ import annotations

import os
from urllib.parse import quote

from taipan.error_page.trace import Frame
from taipan.events import Editor


def format_link(frame: Frame, editor: Editor) -> str | None:
    """The address of a call; None if it is in no file."""
    path = os.path.abspath(frame.path)
    if not os.path.isfile(path):
        return None
    values = {
        "path": _quote(path),
        "relative": _quote(os.path.relpath(path, editor.directory)),
        "line": str(frame.line),
        "column": str(frame.column),
    }
    address = editor.url
    for name, value in values.items():
        address = address.replace(f"{{{name}}}", value)
    return address


def _quote(path: str) -> str:
    # Names of files may be no text.
    return quote(os.fsencode(path))
