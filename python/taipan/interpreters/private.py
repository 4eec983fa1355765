"""CPython's own module for sub-interpreters: its name and calls differ between versions."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def create() -> object:
    """Makes a sub-interpreter with a lock of its own; it may end with the returned object."""
    module = _module()
    if sys.version_info < (3, 13):
        return module.create(isolated=True)
    return module.create(module.new_config("isolated", allow_daemon_threads=True))


def run(interpreter: object, code: str) -> None:
    """Runs code there, in the calling thread. Raises `RuntimeError` with the traceback."""
    if sys.version_info < (3, 13):
        _module().run_string(interpreter, code)
        return
    failure = _module().exec(interpreter, code)
    if failure is not None:
        raise RuntimeError(failure.errdisplay)


def _module() -> Any:
    private = sys.version_info < (3, 13)
    return importlib.import_module("_xxsubinterpreters" if private else "_interpreters")
