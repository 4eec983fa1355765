"""Waits for jobs of threads and executors at the stop of the last worker.

The interpreter continues after a stop, so executors cannot be shut down to wait for their jobs.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import wraps
from threading import Thread
from time import monotonic
from typing import Any
from weakref import WeakSet

from taipan.ending import describe, find_left, pool_managers, pool_threads, waits_for_pool

#: Unfinished jobs of thread pools.
_pending: set[Future[Any]] = set()
#: Threads and jobs that an earlier stop has waited for in vain.
_given_up: WeakSet[Any] = WeakSet()


def install() -> None:
    """Records the jobs of thread pools from now on."""
    submit: Any = ThreadPoolExecutor.submit

    @wraps(submit)
    def submit_noted(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = submit(self, fn, *args, **kwargs)
        _pending.add(future)
        future.add_done_callback(_pending.discard)
        return future

    patched: Any = ThreadPoolExecutor
    patched.submit = submit_noted


def wait_for_work(deadline: float) -> str:
    """Waits until all jobs and threads have ended, or until the deadline; lists the others.

    A later call does not wait for those again.
    """
    while True:
        threads, jobs, processed = _find_threads(), _find_jobs(), _find_processed()
        if not threads and not jobs and not processed:
            return ""
        patience = deadline - monotonic()
        if patience <= 0:
            _given_up.update([*threads, *jobs, *processed])
            counts = {"jobs of thread pools": len(jobs), "jobs of process pools": len(processed)}
            return describe([thread.name for thread in threads], counts)
        if jobs or processed:
            wait([*jobs, *processed], patience)
        else:
            threads[0].join(patience)


def _find_threads() -> list[Thread]:
    others = {*pool_threads(), *pool_managers(), *_given_up}
    return [thread for thread in find_left() if thread not in others and not waits_for_pool(thread)]


def _find_jobs() -> list[Future[Any]]:
    return _select(list(_pending))


def _find_processed() -> list[Future[Any]]:
    items = [item for manager in pool_managers() for item in [*manager.pending_work_items.values()]]
    return _select([item.future for item in items])


def _select(futures: list[Future[Any]]) -> list[Future[Any]]:
    # A waiter is notified before the job is removed.
    return [future for future in futures if not future.done() and future not in _given_up]
