"""An asyncio loop that Node drives: it never waits by itself while Node turns it."""

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

# Coroutines hop through the loop several times; a call from Node costs more than a hop.
_MOST_ROUNDS = 16
_ROUNDS_SECONDS = 0.001
_CANCEL_SECONDS = 1.0


class _NodeSelector(selectors.EpollSelector):
    """Waits only when nobody but the loop itself is there to wait."""

    #: Node turns the loop.
    driven = False
    #: Node has seen that the descriptor can be read.
    polled = False
    #: This round has asked already: who asks again runs the loop within it, as `nest_asyncio` does.
    asked = False

    def select(self, timeout: float | None = None) -> list[Any]:
        """What is ready; while Node drives, without a system call unless there is something."""
        if not self.driven or self.asked:
            return super().select(timeout)
        self.asked = True
        if not self.polled:
            return []
        self.polled = False
        return super().select(0)


class NodeEventLoop(SelectorLoop):
    """Runs on Node's thread, beside JavaScript.

    On Node's own thread it is the running loop only within a turn: what Node calls otherwise, such
    as an import or a WSGI application, may run it, or another one with `asyncio.run`, and waits for
    it then. For other threads it counts as running from `begin` on.
    """

    # Of asyncio's own loop, which does not declare them.
    _ready: deque[asyncio.Handle]
    _scheduled: list[Any]
    _run_once: Callable[[], None]
    _debug: bool
    _closed: bool
    _asyncgen_firstiter_hook: Callable[..., None]
    _asyncgen_finalizer_hook: Callable[..., None]

    _node_thread: int | None = None
    #: Only asyncio's own handles will do.
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
        #: The descriptor that Node watches.
        self.descriptor = selector.fileno()

    def turn(self, polled: bool) -> bool:
        """Runs what is ready. True when more became ready meanwhile."""
        node = self._node
        node.driven = True
        node.polled = polled
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(self._asyncgen_firstiter_hook, self._asyncgen_finalizer_hook)
        events._set_running_loop(self)
        state = self.__dict__
        state["_thread_id"] = self._node_thread
        try:
            self._run_rounds()
        except BaseException as error:
            # Tasks let SystemExit and KeyboardInterrupt through; the server lives.
            self._reporter.report("error", summarize(error), format_exception(error))
        finally:
            events._set_running_loop(None)
            state["_thread_id"] = None
            # There is no `run_forever` that `stop()` could end.
            state["_stopping"] = False
            sys.set_asyncgen_hooks(*hooks)
            node.driven = False
        return bool(self._ready)

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """As any loop does it, with fewer steps."""
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
        """As any loop does it, with fewer steps."""
        if self._plain or self._debug or self._closed:
            return super().call_later(delay, callback, *args, context=context)
        timer = QuickTimer(self.time() + delay, callback, args, self, context)
        heappush(self._scheduled, timer)
        return timer

    def begin(self) -> None:
        """From now on Node turns it."""
        self._node_thread = get_ident()

    def is_running(self) -> bool:
        """Whether it runs; for other threads it does between turns, too."""
        thread = self._node_thread
        return super().is_running() or (thread is not None and thread != get_ident())

    @property
    def busy(self) -> bool:
        """There is something to do, now or at some time."""
        return bool(self._ready or self._scheduled)

    @property
    def due(self) -> bool:
        """There is something to do at once."""
        if self._ready:
            return True
        scheduled = self._scheduled
        return bool(scheduled) and scheduled[0]._when <= self.time()

    @property
    def delay(self) -> float:
        """Seconds until the next timer; -1 without one."""
        scheduled = self._scheduled
        return max(0.0, scheduled[0]._when - self.time()) if scheduled else -1.0

    def add_signal_handler(  # type: ignore[override]
        self, sig: int, callback: Callable[..., object], *args: Any
    ) -> None:
        """Does nothing: signals are Node's."""
        warnings.warn(
            f"the handler for signal {sig} is ignored: Node takes the signals of this process",
            RuntimeWarning,
            stacklevel=2,
        )

    def remove_signal_handler(self, sig: int) -> bool:
        """Does nothing: there is none."""
        return False

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """Waits for the threads of the executor; cancelled, it waits no more."""
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
        """Cancels tasks, closes suspended generators, lets the threads of the executor go."""
        own = asyncio.current_task()
        rest = [task for task in asyncio.all_tasks(self) if task is not own]
        for task in rest:
            task.cancel()
        if rest:
            await asyncio.wait(rest, timeout=_CANCEL_SECONDS)
        await self.shutdown_asyncgens()
        executor: Any = vars(self).get("_default_executor")
        if executor is not None:
            # Its threads may be in something that takes for ever.
            executor.shutdown(wait=False, cancel_futures=True)

    def drop(self) -> None:
        """Forgets what is ready, in a forked child: the rest of the turn belongs to the parent."""
        if self.__dict__.get("_thread_id") == get_ident():
            self._ready.clear()

    def close(self) -> None:
        """Does nothing, unless it runs: Node needs it until the end."""
        if self.is_running():
            super().close()
        warnings.warn(
            "loop.close() is ignored: Node runs this loop, and closes it at the stop",
            RuntimeWarning,
            stacklevel=2,
        )

    def dispose(self) -> None:
        """Closes it; what still refers to it gets errors."""
        self._node_thread = None
        super().close()

    def _run_rounds(self) -> None:
        run_once: Callable[[], None] = self._run_once
        node = self._node
        node.asked = False
        run_once()
        ready = self._ready
        if not ready:
            return
        until = perf_counter() + _ROUNDS_SECONDS
        for _ in range(_MOST_ROUNDS):
            node.asked = False
            run_once()
            if not ready or perf_counter() > until:
                return


def _settle(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


# Threads of executors would take back what they did in the child, and wait for ever.
end_returned_children_at(NodeEventLoop, "call_soon_threadsafe")

_loops: weakref.WeakSet[NodeEventLoop] = weakref.WeakSet()


def _drop_in_child() -> None:
    for loop in list(_loops):
        loop.drop()


os.register_at_fork(after_in_child=_drop_in_child)
