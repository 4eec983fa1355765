"""asyncio's loop, able to start child processes with any event loop policy."""

from __future__ import annotations

import asyncio
import selectors
import sys
from asyncio import unix_events
from typing import Any, Callable

_asyncio: Any = unix_events


def _make_watcher() -> Any:
    """A child watcher of the class that asyncio would choose."""
    if sys.version_info >= (3, 12) and _asyncio.can_use_pidfd():
        return _asyncio.PidfdChildWatcher()
    return _asyncio.ThreadedChildWatcher()


class SelectorLoop(asyncio.SelectorEventLoop):
    """A loop with its own child watcher.

    Up to Python 3.13 asyncio asks the policy for one, and uvloop's policy has none.
    """

    # Defined by asyncio's loop, which does not declare it.
    _child_watcher_callback: Callable[..., None]

    def renew(self) -> None:
        """In a forked process: watches what it has watched by a selector of its own."""
        base: Any = self
        inherited = base._selector
        base._close_self_pipe()
        keys = list(inherited.get_map().values())
        inherited.close()
        base._selector = selectors.DefaultSelector()
        for key in keys:
            base._selector.register(key.fileobj, key.events, key.data)
        base._make_self_pipe()

    if sys.version_info < (3, 14):
        _watcher = _make_watcher()

        async def _make_subprocess_transport(self, *args: Any, **options: Any) -> Any:
            started = self.create_future()
            transport = _asyncio._UnixSubprocessTransport(self, *args, waiter=started, **options)
            self._watcher.add_child_handler(
                transport.get_pid(), self._child_watcher_callback, transport
            )
            try:
                await started
            except (SystemExit, KeyboardInterrupt):
                raise
            except BaseException:
                transport.close()
                await transport._wait()
                raise
            return transport
