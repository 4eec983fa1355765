"""asyncio's loop, able to start child processes whatever policy an application has set."""

from __future__ import annotations

import asyncio
import sys
from asyncio import unix_events
from typing import Any, Callable

_asyncio: Any = unix_events


def _make_watcher() -> Any:
    """What tells loops of the ends of their child processes: the one that asyncio would choose."""
    if sys.version_info >= (3, 12) and _asyncio.can_use_pidfd():
        return _asyncio.PidfdChildWatcher()
    return _asyncio.ThreadedChildWatcher()


class SelectorLoop(asyncio.SelectorEventLoop):
    """Has a child watcher of its own.

    Up to Python 3.13 asyncio asks the policy for one, and that of uvloop has none.
    """

    # Of asyncio's own loop, which does not declare it.
    _child_watcher_callback: Callable[..., None]

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
