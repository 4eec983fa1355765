"""Tells Node by which signals a worker is to be succeeded by another one."""

from __future__ import annotations

import resource
import signal
from collections.abc import Mapping
from math import ceil
from types import FrameType
from typing import Any, Callable, Final

from taipan.control import Message

_REASONS: Final = {signal.SIGUSR1: "eviction", signal.SIGXCPU: "cpu_time"}
#: Time of a processor for a successor to start, and for the end of a worker.
_SPARE_SECONDS: Final = 10


class DueSignals:
    """The signals after which a worker serves only until its successor is ready."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self._send = send

    def take(self, config: Mapping[str, Any]) -> None:
        """Installs the handlers, and limits the processor.

        An application that was loaded before this process was forked keeps its own.
        """
        for number in _REASONS:
            if _is_free(signal.getsignal(number)):
                signal.signal(number, self._on_signal)
        seconds = ceil(float(config.get("cpuTimeLimit", 0)) / 1000)
        if seconds:
            _limit_processor(seconds, _find_patience(config))

    def forget_in_child(self) -> None:
        """Gives a forked child the default actions, unless the application has its own."""
        for number in _REASONS:
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, signal.SIG_DFL)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        self._send({"type": "due", "reason": _REASONS[signal.Signals(number)]})


def _is_free(handler: object) -> bool:
    # None: one that was not installed by Python.
    if handler is None or isinstance(handler, signal.Handlers):
        return handler is not None
    return getattr(handler, "__module__", "").startswith("taipan.")


def _find_patience(config: Mapping[str, Any]) -> int:
    """Seconds that its requests have once it is to be succeeded; 0: no limit."""
    given = config.get("gracefulTimeout")
    return ceil(float(config.get("shutdownTimeout", 0) if given is None else given) / 1000)


def _limit_processor(seconds: int, patience: int) -> None:
    """SIGXCPU after `seconds`, then every second, and at last the end by the kernel."""
    highest = resource.getrlimit(resource.RLIMIT_CPU)[1]
    hard = seconds + patience + _SPARE_SECONDS if patience else highest
    if highest != resource.RLIM_INFINITY:
        hard = min(hard, highest)
        seconds = min(seconds, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
