"""Threads that a script starts belong to its request."""

from __future__ import annotations

import _thread
import functools
import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from taipan.scripts.request.current import current_request


def install_threads() -> None:
    """Copies the context into new threads, as CPython does by itself only from 3.14 on, where
    free-threaded."""
    thread: Any = threading.Thread
    executor: Any = ThreadPoolExecutor
    start_thread, submit = thread.start, executor.submit

    @functools.wraps(start_thread)
    def start(self: Any) -> None:
        if current_request() is not None:
            context, run = copy_context(), self.run

            def run_in_context() -> None:
                # Otherwise the thread would refer to itself.
                del self.run
                context.run(run)

            self.run = run_in_context
        start_thread(self)

    @functools.wraps(submit)
    def submit_in_context(self: Any, function: Any, /, *args: Any, **named: Any) -> Any:
        if current_request() is None:
            return submit(self, function, *args, **named)
        return submit(self, copy_context().run, function, *args, **named)

    start_new: Any = _thread.start_new_thread

    @functools.wraps(start_new)
    def start_new_in_context(function: Any, *args: Any, **named: Any) -> int:
        if current_request() is not None:
            function = functools.partial(copy_context().run, function)
        identifier: int = start_new(function, *args, **named)
        return identifier

    _thread.start_new_thread = start_new_in_context
    thread.start = start
    executor.submit = submit_in_context
