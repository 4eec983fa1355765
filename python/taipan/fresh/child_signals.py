"""Signals of a child, which begins with those of the template.

By the functions below `signal`, which makes enumerations of all that it takes and returns: in a
child that costs copies of much memory.
"""

from __future__ import annotations

# Nothing describes the types of a private module.
import _signal  # type: ignore[import-not-found]
import signal
from collections.abc import Iterable
from types import FrameType
from typing import Any, Callable

#: Has a child read what the template wants. Scripts have no use for it; from the kernel it says
#: that the time of a processor is over.
ORDERED = int(signal.SIGXCPU)
#: What the template may want: the stack, or an end of the request, which takes too long.
LOOK = b"l"
END = b"e"
#: Ignored, because a stop of the server waits for requests.
_IGNORED = (int(signal.SIGTERM), int(signal.SIGQUIT))
_DEFAULT = tuple(
    int(number) for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD)
)
_HELD = (ORDERED, *_IGNORED, *_DEFAULT, int(signal.SIGINT))

Handler = Callable[[int, "FrameType | None"], Any]


def hold_signals() -> Iterable[int]:
    """Holds back what must not come to a child before it has handlers of its own."""
    held: Iterable[int] = _signal.pthread_sigmask(_signal.SIG_BLOCK, _HELD)
    return held


def release_signals(before: Iterable[int]) -> None:
    """Undoes `hold_signals`."""
    _signal.pthread_sigmask(_signal.SIG_SETMASK, before)


def take_signals(on_order: Handler) -> None:
    """Gives a child handlers of its own, and releases what was held back."""
    _signal.set_wakeup_fd(-1)
    for number in _IGNORED:
        _signal.signal(number, _ignore)
    for number in _DEFAULT:
        _signal.signal(number, _signal.SIG_DFL)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    _signal.signal(ORDERED, on_order)
    _signal.pthread_sigmask(_signal.SIG_UNBLOCK, _HELD)


def leave_signals(on_order: Handler) -> None:
    """Gives a process that the script has forked those of a program."""
    for number in _IGNORED:
        if _signal.getsignal(number) is _ignore:
            _signal.signal(number, _signal.SIG_DFL)
    if _signal.getsignal(ORDERED) == on_order:
        _signal.signal(ORDERED, _signal.SIG_DFL)


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Does nothing, and is forgotten by programs that are started."""
