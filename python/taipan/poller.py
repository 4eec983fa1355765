"""Waits for many descriptors in one thread."""

from __future__ import annotations

from typing import Callable

from taipan.native import POLLIN, poll

#: What is done when a descriptor is ready, with the events of `poll`.
Call = Callable[[int], None]


class Poller:
    """Calls what is watched when it is ready."""

    def __init__(self) -> None:
        self._poll = poll()
        self._calls: dict[int, Call] = {}

    def watch(self, descriptor: int, call: Call, events: int = POLLIN) -> None:
        """Calls `call` whenever the descriptor is ready, until `unwatch`."""
        self._calls[descriptor] = call
        self._poll.register(descriptor, events)

    def unwatch(self, descriptor: int) -> None:
        """No effect if it is not watched."""
        if self._calls.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def wait(self, seconds: float) -> None:
        """Waits until something is ready or the time is over, and calls all that is ready."""
        for descriptor, events in self._poll.poll(max(0, int(seconds * 1000) + 1)):
            call = self._calls.get(descriptor)
            if call is not None:
                call(events)
