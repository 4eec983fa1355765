"""Tells all peers of a process to end."""

from __future__ import annotations

from taipan.native import POLLIN, poll, socketpair


class Stop:
    """A switch that waits of system calls see. `set` may be called by handlers of signals."""

    def __init__(self) -> None:
        self._near, self._far = socketpair()
        self.is_set = False

    def fileno(self) -> int:
        """A descriptor that has input once the switch is set."""
        return self._near.fileno()

    def set(self) -> None:
        """Ends all waits, now and later."""
        if not self.is_set:
            self.is_set = True
            self._far.send(b"\0")

    def wait(self, seconds: float | None) -> bool:
        """Whether the switch is set within this time."""
        poller = poll()
        poller.register(self._near.fileno(), POLLIN)
        return bool(poller.poll(None if seconds is None else seconds * 1000))
