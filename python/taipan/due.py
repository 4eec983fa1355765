"""Tells Node by which signals a worker is to be succeeded by another one."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Callable, Final

from taipan.control import Message

_REASONS: Final = {signal.SIGUSR1: "eviction"}


class DueSignals:
    """The signals after which a worker serves only until its successor is ready."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send

    def take(self) -> None:
        """Installs the handlers, before those of the application."""
        for number in _REASONS:
            signal.signal(number, self._on_signal)

    def forget_in_child(self) -> None:
        """Gives a forked child the default actions, unless the application has its own."""
        for number in _REASONS:
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, signal.SIG_DFL)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._send({"type": "due", "reason": _REASONS[signal.Signals(number)]})
