"""Hooks for `os.fork()`, and the end of child processes that return to the server."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import FrameType
from typing import Callable, NoReturn

from taipan.native import get_ident

#: Held back while a worker is forked from a template.
HELD_SIGNALS = frozenset(
    {
        signal.SIGINT,
        signal.SIGTERM,
        signal.SIGQUIT,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGCHLD,
    }
)
_EXIT_RETURNED = 70
_RETURNED = (
    b"taipan: a child process of os.fork() returned to the server and was ended;"
    b" end it with os._exit() in the application, or use subprocess\n"
)

#: The caller of `os.fork()`, in the child.
_caller: FrameType | None = None


def hold_signals(held: Iterable[signal.Signals], in_child: Callable[[], None]) -> None:
    """Calls `in_child` in forked child processes.

    The `held` signals are blocked meanwhile: an early signal would be lost in the child, or handled
    as if it were for the parent.
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


def release_signals() -> None:
    """Lets those come to a forked worker that were held back."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_SIGNALS)


def close_quietly(descriptors: Iterable[int]) -> None:
    """Closes descriptors that the application may have closed."""
    for descriptor in descriptors:
        with suppress(OSError):
            os.close(descriptor)


def give_back_signals(taken: Mapping[signal.Signals, Callable[..., object]]) -> None:
    """Removes handlers of ours, where the application has put no others."""
    for number, handler in taken.items():
        if signal.getsignal(number) == handler:
            is_interrupt = number == signal.SIGINT
            signal.signal(number, signal.default_int_handler if is_interrupt else signal.SIG_DFL)


def end_child(*_args: object) -> NoReturn:
    """Ends a child that has left the application, because it must not serve requests."""
    try:
        os.write(2, _RETURNED)
    finally:
        os._exit(_EXIT_RETURNED)


def end_returned_child(*_args: object, **_options: object) -> None:
    """Ends a child whose first thread has left the caller of `os.fork()`; no effect elsewhere."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame is not _caller:
        frame = frame.f_back
    if frame is None and threading.current_thread() is threading.main_thread():
        end_child()


def _note_caller() -> None:
    global _caller
    _caller = sys._getframe(1)
