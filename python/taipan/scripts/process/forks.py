"""The end of a process that a script has forked."""

from __future__ import annotations

import os
import sys
import traceback
from typing import NoReturn

from taipan.scripts.request.current import ScriptRequest, latest_request

_UNSENT = (
    "taipan: what a process forked by a script prints is no part of the response;"
    " print it in the script, or start a program by subprocess\n"
)


def install_forks() -> None:
    """Marks the request of the caller in processes that it forks."""
    os.register_at_fork(after_in_child=_mark)


def _mark() -> None:
    request = latest_request()
    if request is not None:
        request.forked = True
        # The parent has them to call.
        request.exits.clear()
        request.drop()


def end_process(request: ScriptRequest, error: BaseException | None) -> NoReturn:
    """Ends the process as Python ends a program, because it must not serve requests."""
    status = 0
    try:
        request.exit()
        status = _tell(request, error)
        sys.stderr.flush()
    finally:
        os._exit(status)


def _tell(request: ScriptRequest, error: BaseException | None) -> int:
    """Writes to the log what the process has to say; gives its exit status."""
    if request.has_output:
        sys.stderr.write(_UNSENT)
    if error is None:
        return 0
    if not isinstance(error, SystemExit):
        sys.stderr.write(
            "".join(traceback.format_exception(type(error), error, error.__traceback__))
        )
        return 1
    if error.code is None or isinstance(error.code, int):
        return (error.code or 0) & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1
