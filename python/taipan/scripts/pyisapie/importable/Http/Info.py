"""`Http.Info`: a page about the request, for those who look for a fault."""

from __future__ import annotations

import html
import os
import sys
import threading

from taipan.scripts.pyisapie.interface import Env, Header, Version, Write
from taipan.scripts.pyisapie.request import require_isapi
from taipan.scripts.pyisapie.variables import variable_names

__all__ = ["Request"]


def Request() -> None:
    """Answers with a table of versions, paths and variables."""
    isapi = require_isapi()
    facts = {
        "Version": Version.Full,
        "sys.version": sys.version,
        "__interp__": isapi.interpreter.name,
        "sys.executable": sys.executable,
        "sys.prefix": sys.prefix,
        "sys.path": os.pathsep.join(sys.path),
        "os.getpid()": os.getpid(),
        "threading.get_ident()": threading.get_ident(),
    }
    variables = {name: getattr(Env, name) for name in variable_names(isapi.script)}
    Header("Content-Type: text/html; charset=utf-8")
    Write("<!doctype html><title>PyISAPIe</title><h1>PyISAPIe</h1>")
    for table in (facts, variables):
        rows = (f"<tr><th>{_text(name)}<td>{_text(value)}" for name, value in table.items())
        Write(f"<table>{''.join(rows)}</table>")


def _text(value: object) -> str:
    return html.escape(str(value))
