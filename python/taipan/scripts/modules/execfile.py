"""Runs Python files."""

from __future__ import annotations

import sys
from typing import Any

from taipan.loader.code_cache import CodeCache

#: Code of all files that scripts run.
CODE = CodeCache()
CODE.share("code")


def execfile(
    path: str, globals: dict[str, Any] | None = None, locals: dict[str, Any] | None = None
) -> None:
    """Runs a file as Python 2's function did, compiled once for each version of the file.

    Without `globals` it runs in the namespace of the caller.
    """
    if globals is None:
        caller = sys._getframe(1)
        globals = caller.f_globals
        locals = caller.f_locals if locals is None else locals
    exec(CODE.load(path), globals, globals if locals is None else locals)
