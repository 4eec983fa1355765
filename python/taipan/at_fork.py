"""What happens around `os.fork()`, while signals wait."""

from __future__ import annotations

import os
import signal
from _thread import get_ident
from collections.abc import Iterable
from typing import Callable


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

    os.register_at_fork(after_in_child=in_child)
    os.register_at_fork(before=hold, after_in_parent=release, after_in_child=release)
