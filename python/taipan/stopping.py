"""Tells applications that their worker is about to end."""

from __future__ import annotations

import threading
import time
from typing import Callable

from taipan.native import has_greenlets

#: How often a greenlet looks: a lock of a system thread would stop all greenlets of its thread.
_LOOK_SECONDS = 0.05


class Stopping:
    """`environ["taipan.stopping"]`: whether this worker begins to end.

    One object for all requests of a process. It stays set: a worker that has begun to end gets no
    further requests.
    """

    def __init__(self) -> None:
        self._event = threading.Event()
        self._listeners: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether a shutdown or a reload of this worker has begun."""
        return self._event.is_set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it begins, at most `timeout` seconds; returns whether it has begun."""
        if not has_greenlets():
            return self._event.wait(timeout)
        end = None if timeout is None else time.monotonic() + timeout
        while not self._event.is_set():
            left = _LOOK_SECONDS if end is None else end - time.monotonic()
            if left <= 0:
                return False
            # The application's own, which lets other greenlets run.
            time.sleep(min(left, _LOOK_SECONDS))
        return True

    def _tell(self) -> None:
        self._event.set()
        while self._listeners:
            self._listeners.pop()()

    def _listen(self, listener: Callable[[], None]) -> None:
        self._listeners.append(listener)
        if self._event.is_set():
            self._tell()


def tell_stopping(stopping: Stopping) -> None:
    """A shutdown or a reload has begun. Safe in any thread, and may be called again."""
    stopping._tell()


def listen_stopping(stopping: Stopping, listener: Callable[[], None]) -> None:
    """Calls `listener` once when it begins, in whichever thread tells; at once if it has begun."""
    stopping._listen(listener)
