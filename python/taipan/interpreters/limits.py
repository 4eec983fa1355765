"""What CPython refuses, or does not survive, in a process with several interpreters."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading
from types import FrameType
from typing import Any, NoReturn

from taipan.native import get_ident
from taipan.stacks import know_threads

#: Position of `preexec_fn` among the arguments of `Popen`, after `self`.
_PREEXEC_ARGUMENT = 6
_NO_FORK = (
    "{name} ends badly in a process with sub-interpreters (python/cpython#101437): start programs"
    " with subprocess, without preexec_fn, and use the start method spawn of multiprocessing"
)


def limit_main() -> None:
    """Prepares the main interpreter for others beside it."""
    _limit_all()
    for name in ("fork", "forkpty"):
        setattr(os, name, _refuse_fork(f"os.{name}()"))
    _refuse_preexec()


def limit_inside() -> None:
    """Prepares a sub-interpreter."""
    _limit_all()
    if sys.version_info < (3, 13):
        # CPython refuses them because of its own end, which no sub-interpreter comes to here.
        vars(threading)["_daemon_threads_allowed"] = lambda: True


def _limit_all() -> None:
    know_threads()
    # They give objects of all interpreters, which corrupts memory (also in 3.13, 3.14).
    vars(sys)["_current_frames"] = _current_frames
    vars(sys)["_current_exceptions"] = _current_exceptions


def _current_frames() -> dict[int, FrameType]:
    """The frame of the caller; those of other threads are not known."""
    return {get_ident(): sys._getframe(1)}


def _current_exceptions() -> dict[int, BaseException | None]:
    """The exception that the caller handles; those of other threads are not known."""
    return {get_ident(): sys.exc_info()[1]}


def _refuse_fork(name: str) -> Any:
    def refuse(*_: object) -> NoReturn:
        raise RuntimeError(_NO_FORK.format(name=name))

    return refuse


def _refuse_preexec() -> None:
    popen: Any = subprocess.Popen
    original = popen.__init__

    @functools.wraps(original)
    def start(self: Any, *args: Any, **named: Any) -> None:
        given = args[_PREEXEC_ARGUMENT : _PREEXEC_ARGUMENT + 1] or [named.get("preexec_fn")]
        if given[0] is not None:
            raise RuntimeError(_NO_FORK.format(name="preexec_fn"))
        original(self, *args, **named)

    popen.__init__ = start
