"""`os.environ` of a sub-interpreter, and the programs that inherit it."""

from __future__ import annotations

import functools
import inspect
import os
import subprocess
from typing import Any


def separate_environment() -> None:
    """Keeps `os.environ` apart from the variables of the process, which all interpreters see."""
    os.putenv = os.unsetenv = _leave_process_alone
    popen: Any = subprocess.Popen
    popen.__init__ = _with_variables(popen.__init__)
    os.system = _run


def _leave_process_alone(*_: object) -> None:
    """In the place of what `os.environ` calls."""


def _with_variables(original: Any) -> Any:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def start(*args: Any, **named: Any) -> None:
        given = signature.bind(*args, **named)
        if given.arguments.get("env") is None:
            given.arguments["env"] = dict(os.environ)
        original(*given.args, **given.kwargs)

    return start


def _run(command: Any) -> int:
    code = subprocess.call(command, shell=True)
    return code << 8 if code >= 0 else -code
