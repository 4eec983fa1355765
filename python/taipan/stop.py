"""Lets the main thread of a worker wait for its end."""

from __future__ import annotations

from contextlib import suppress

from taipan.native import Empty, SimpleQueue, has_green_waits, make_green_wait, socket, socketpair

#: The kernel may deliver a signal to another thread, which does not wake this one.
_LOOK_SECONDS = 1.0


class Stop:
    """Makes a thread wait until another thread or a signal handler calls `set`."""

    def __init__(self) -> None:
        # An Event could deadlock when a signal handler of the waiting thread sets it.
        self._wanted: SimpleQueue[None] = SimpleQueue()
        self._wakeup: socket | None = None

    def set(self) -> None:
        """Ends the wait."""
        self._wanted.put(None)
        wakeup = self._wakeup
        if wakeup is not None:
            with suppress(OSError):
                wakeup.send(b"!")

    def wait(self) -> None:
        """Waits; greenlets of this thread run meanwhile."""
        if has_green_waits():
            self._wait_green()
            return
        while True:
            try:
                self._wanted.get(timeout=_LOOK_SECONDS)
                return
            except Empty:
                pass

    def _wait_green(self) -> None:
        near, self._wakeup = socketpair()
        with near, self._wakeup as far:
            far.setblocking(False)
            wait = make_green_wait(near.fileno())
            try:
                while self._wanted.empty():
                    wait(_LOOK_SECONDS)
                self._wanted.get_nowait()
            finally:
                self._wakeup = None
