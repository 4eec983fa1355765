"""What happens around `os.fork()`, and to children that come back to the server."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable
from types import FrameType
from typing import Callable, NoReturn

from taipan.native import get_ident

_EXIT_RETURNED = 70
_RETURNED = (
    b"taipan: a child of os.fork() came back to the server and was ended;"
    b" let children leave with os._exit(), or use subprocess\n"
)

#: The function that has called `os.fork()`, in the child.
_caller: FrameType | None = None


def hold_signals(held: Iterable[signal.Signals], in_child: Callable[[], None]) -> None:
    """Has `in_child` called in forked children.

    A signal that came to the child before would be lost, or taken for one of the parent's: these
    come to it afterwards.
    """
    signals = frozenset(held)
    masks: dict[int, set[int | signal.Signals]] = {}

    def hold() -> None:
        masks[get_ident()] = signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def release() -> None:
        mask = masks.pop(get_ident(), None)
        if mask is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    os.register_at_fork(after_in_child=_note_caller)
    os.register_at_fork(after_in_child=in_child)
    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=release)


def end_child(*_args: object) -> NoReturn:
    """Ends a child that has left the application: it must not serve."""
    try:
        os.write(2, _RETURNED)
    finally:
        os._exit(_EXIT_RETURNED)


def end_returned_child(*_args: object, **_options: object) -> None:
    """Ends a child whose first thread has left what called `os.fork()`; does nothing in others."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not _caller:
        frame = frame.f_back
    if frame is None and threading.current_thread() is threading.main_thread():
        end_child()


def _note_caller() -> None:
    global _caller
    _caller = sys._getframe(1)
