"""An asyncio loop that Node runs; it never blocks while Node runs it."""

from __future__ import annotations

import asyncio
import os
import selectors
import sys
import warnings
import weakref
from asyncio import events
from collections import deque
from contextlib import suppress
from contextvars import Context
from heapq import heappush
from time import perf_counter
from typing import Any, Callable

from taipan.embedded.forks import end_returned_children_at
from taipan.embedded.handles import ARE_KNOWN, QuickHandle, QuickTimer
from taipan.events import Reporter
from taipan.native import NativeThread, get_ident
from taipan.selector_loop import SelectorLoop
from taipan.tracebacks import format_exception, summarize

# A coroutine may need several rounds of the loop; a call from Node costs more than a round.
_MOST_ITERATIONS = 16
_ROUNDS_SECONDS = 0.001
_CANCEL_SECONDS = 1.0


class _NodeSelector(selectors.EpollSelector):
    """Blocks only if the loop does not run inside a call from Node."""

    #: Node runs the loop.
    driven = False
    #: Node has seen that the descriptor is readable.
    polled = False
    #: Asked in this round already: another call comes from a nested run, as with `nest_asyncio`.
    asked = False

    def select(self, timeout: float | None = None) -> list[Any]:
        """The ready descriptors; inside a call from Node only those that Node has reported."""
        if not self.driven or self.asked:
            return super().select(timeout)
        self.asked = True
        if not self.polled:
            return []
        self.polled = False
        return super().select(0)


class NodeEventLoop(SelectorLoop):
    """A loop on Node's thread, beside JavaScript.

    On Node's own thread it counts as running only within a turn. An import or a WSGI application
    may run it, or another loop with `asyncio.run`, and then blocks. For other threads it counts as
    running from `begin` on.
    """

    # Defined by asyncio's loop, which does not declare them.
    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _run_once: Callable[[], None]
    _debug: bool
    _closed: bool
    _asyncgen_firstiter_hook: Callable[..., None]
    _asyncgen_finalizer_hook: Callable[..., None]

    _node_thread: int | None = None
    #: Use asyncio's own handles only.
    _plain = not ARE_KNOWN

    def __init__(self, reporter: Reporter) -> None:
        selector = _NodeSelector()
        try:
            super().__init__(selector)
        except BaseException:
            selector.close()
            raise
        self._node = selector
        self._reporter = reporter
        _loops.add(self)
        #: The descriptor that Node polls.
        self.descriptor = selector.fileno()

    def turn(self, polled: bool) -> bool:
        """Runs ready callbacks. True if others became ready meanwhile."""
        node = self._node
        node.driven = True
        node.polled = polled
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        events._set_running_loop(self)
        state = self.__dict__
        state["_thread_id"] = self._node_thread
        try:
            self._run_iterations()
        except BaseException as error:
            # Tasks pass SystemExit and KeyboardInterrupt on; the server continues.
            self._reporter.report("error", summarize(error), format_exception(error))
        finally:
            events._set_running_loop(None)
            state["_thread_id"] = None
            # There is no `run_forever` for `stop()` to end.
            state["_stopping"] = False
            sys.set_asyncgen_hooks(*hooks)
            node.driven = False
        return bool(self._ready)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As in asyncio, with fewer steps."""
        if self._plain or self._debug or self._closed:
            return super().call_soon(callback, *args, context=context)
        handle = QuickHandle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """As in asyncio, with fewer steps."""
        if self._plain or self._debug or self._closed:
            return super().call_later(delay, callback, *args, context=context)
        timer = QuickTimer(self.time() + delay, callback, args, self, context)
        heappush(self._scheduled, timer)
        return timer

    def begin(self) -> None:
        """Node runs the loop from now on."""
        self._node_thread = get_ident()

    def is_running(self) -> bool:
        """Whether it runs; for other threads also between turns."""
        thread = self._node_thread
        return super().is_running() or (thread is not None and thread != get_ident())

    @property
    def busy(self) -> bool:
        """Whether there are callbacks or timers."""
        return bool(self._ready or self._scheduled)

    @property
    def due(self) -> bool:
        """Whether callbacks are ready."""
        if self._ready:
            return True
        scheduled = self._scheduled
        return bool(scheduled) and scheduled[0]._when <= self.time()

    @property
    def delay(self) -> float:
        """Seconds until the next timer; -1 if there is none."""
        scheduled = self._scheduled
        return max(0.0, scheduled[0]._when - self.time()) if scheduled else -1.0

    def add_signal_handler(  # type: ignore[override]
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """Does nothing, because signals belong to Node."""
        warnings.warn(
            f"the handler for signal {sig} is ignored: Node handles the signals of this process",
            RuntimeWarning,
            stacklevel=2,
        )

    def remove_signal_handler(self, sig: int) -> bool:
        """Does nothing, because there are no handlers."""
        return False

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits for the threads of the executor, until it is cancelled."""
        state = vars(self)
        state["_executor_shutdown_called"] = True
        executor: Any = state.get("_default_executor")
        if executor is None:
            return
        done: asyncio.Future[None] = self.create_future()

        def wait() -> None:
            executor.shutdown(wait=True)
            with suppress(RuntimeError):
                # The loop may have been closed meanwhile.
                self.call_soon_threadsafe(_settle, done)

        NativeThread(wait, "executor shutdown").start()
        await asyncio.wait({done}, timeout=timeout)

    async def finish(self) -> None:
        """Cancels tasks, closes suspended generators, abandons the threads of the executor."""
        own = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks(self) if task is not own]
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=_CANCEL_SECONDS)
        await self.shutdown_asyncgens()
        executor: Any = vars(self).get("_default_executor")
        if executor is not None:
            # Its threads may never end.
            executor.shutdown(wait=False, cancel_futures=True)

    def drop(self) -> None:
        """Drops ready callbacks in a forked child, because they belong to the parent."""
        if self.__dict__.get("_thread_id") == get_ident():
            self._ready.clear()

    def close(self) -> None:
        """Does nothing while Node needs the loop; closes a nested run."""
        if self.is_running():
            super().close()
        warnings.warn(
            "loop.close() is ignored: Node runs this loop, and closes it at the stop",
            RuntimeWarning,
            stacklevel=2,
        )

    def dispose(self) -> None:
        """Closes the loop; later uses raise errors."""
        self._node_thread = None
        super().close()

    def _run_iterations(self) -> None:
        run_once: Callable[[], None] = self._run_once
        node = self._node
        node.asked = False
        run_once()
        ready = self._ready
        if not ready:
            return
        until = perf_counter() + _ROUNDS_SECONDS
        for _ in range(_MOST_ITERATIONS):
            node.asked = False
            run_once()
            if not ready or perf_counter() > until:
                return


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# In a forked child executor threads would return results to the loop and wait forever.
end_returned_children_at(NodeEventLoop, "call_soon_threadsafe")

_loops: weakref.WeakSet[NodeEventLoop] = weakref.WeakSet()


def _drop_in_child() -> None:
    for loop in list(_loops):
        loop.drop()


os.register_at_fork(after_in_child=_drop_in_child)
