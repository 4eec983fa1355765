"""`taipan.stopping` for applications on an event loop."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from taipan.stopping import Stopping, listen_stopping

#: Its key in the state of lifespans and requests.
KEY = "taipan.stopping"


class LoopStopping:
    """`scope["state"]["taipan.stopping"]`: as `Stopping`, with a `wait` to be awaited.

    `is_set` may be called in any thread, `wait` on any event loop.
    """

    def __init__(self, stopping: Stopping) -> None:
        self._stopping = stopping
        self._waiters: set[asyncio.Future[None]] = set()
        listen_stopping(stopping, self._wake)

    def is_set(self) -> bool:
        """Whether a shutdown or a reload of this worker has begun."""
        return self._stopping.is_set()

    async def wait(self, timeout: float | None = None) -> bool:
        """Waits until it begins, at most `timeout` seconds; returns whether it has begun."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            # Asked after the waiter is known, because another thread tells.
            if not self.is_set():
                await asyncio.wait({waiter}, timeout=timeout)
        finally:
            self._waiters.discard(waiter)
        return self.is_set()

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            # The loop may have been closed.
            with suppress(RuntimeError):
                waiter.get_loop().call_soon_threadsafe(_settle, waiter)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
