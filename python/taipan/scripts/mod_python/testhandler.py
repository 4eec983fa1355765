"""The handler `mod_python.testhandler`: a page with all that a handler can know."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from html import escape
from typing import Any

from taipan.scripts.mod_python import apache

_HEAD = "<!DOCTYPE html>\n<html>\n<head><title>mod_python test page</title></head>\n<body>\n"


def handler(req: Any) -> int:
    """Writes the page."""
    req.add_cgi_vars()
    req.content_type = "text/html; charset=utf-8"
    parts = [_HEAD, _format_table("General information", _describe(req))]
    for title, table in (
        ("Request input headers", req.headers_in),
        ("Request environment", req.subprocess_env),
        ("Request configuration", req.get_config()),
        ("Request options", req.get_options()),
        ("Request notes", req.notes),
        ("Server configuration", req.server.get_config()),
        ("Server options", req.server.get_options()),
    ):
        parts.append(_format_table(title, table.items()))
    req.write("".join([*parts, "</body>\n</html>\n"]))
    return apache.OK


def _describe(req: Any) -> list[tuple[str, object]]:
    return [
        ("Server", req.subprocess_env.get("SERVER_SOFTWARE")),
        ("Threads", bool(apache.mpm_query(apache.AP_MPMQ_IS_THREADED))),
        ("Processes", bool(apache.mpm_query(apache.AP_MPMQ_IS_FORKED))),
        ("Server root", apache.server_root()),
        ("Document root", req.document_root()),
        ("Python", sys.version),
        ("sys.path", "\n".join(sys.path)),
        ("Interpreter", req.interpreter),
    ]


def _format_table(title: str, rows: Iterable[tuple[str, object]]) -> str:
    lines = [f"<h3>{title}</h3>\n<table>\n"]
    for name, value in rows:
        lines.append(f"<tr><td>{escape(name)}</td><td><pre>{escape(str(value))}</pre></td></tr>\n")
    return "".join([*lines, "</table>\n"])
