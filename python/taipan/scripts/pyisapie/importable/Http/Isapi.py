"""`Http.Isapi`: what answers where a site has no module of its own."""

from __future__ import annotations

from taipan.scripts.pyisapie.request import require_isapi


def Request() -> object:
    """Calls `Request()` of the file that the path names; True if there is none."""
    isapi = require_isapi()
    return isapi.interpreter.run_file(isapi.script)
