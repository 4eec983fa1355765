"""The Python half of Taipan: runs web applications that a Node.js process serves.

Scripts import what is meant for them from here: `from taipan import conn`.
"""

from __future__ import annotations

from typing import Any

#: Names for scripts, with their modules, which are loaded at first use.
_PUBLIC = {
    "RequestTimeout": "taipan.request_timeout",
    "ScriptError": "taipan.scripts.request.errors",
    "SessionBusy": "taipan.sessions.errors",
    "SessionError": "taipan.sessions.errors",
    "application": "taipan.sessions.application",
    "conn": "taipan.connection.current",
    "session": "taipan.scripts.request.session",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_PUBLIC[name]), name)
