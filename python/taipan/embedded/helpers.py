"""Threads for WSGI requests that have to wait, for example for a body that is still arriving.

A helper and Node's thread run in turn, like coroutines, so that applications see one request at a
time, as always on Node's thread.
"""

from __future__ import annotations

from collections import deque
from typing import Callable

from taipan.embedded import forks
from taipan.native import NativeThread, allocate_lock

#: Most helpers; further requests wait for one.
_MOST_HELPERS = 16

Job = Callable[["Helper"], None]


class Helper:
    """A thread that runs only within `proceed`."""

    def __init__(self, on_idle: Callable[[Helper], None]) -> None:
        self._on_idle = on_idle
        self._job: Job | None = None
        self._goes_on = allocate_lock()
        self._pauses = allocate_lock()
        self._goes_on.acquire()
        self._pauses.acquire()
        self._thread: NativeThread | None = None

    @property
    def ident(self) -> int:
        """Id of its thread; 0 before it has one."""
        return 0 if self._thread is None else self._thread.ident or 0

    def begin(self, job: Job) -> None:
        """Begins a job. Returns when the job is done or has to wait."""
        self._job = job
        if self._thread is None:
            self._thread = NativeThread(self._run, "taipan-inline", daemon=False)
            self._thread.start()
        self.proceed()

    def proceed(self) -> None:
        """Continues the job. Returns when it is done or has to wait again."""
        self._goes_on.release()
        self._pauses.acquire()
        if self._job is None:
            self._on_idle(self)

    def suspend(self) -> None:
        """Called by the job: returns control to Node until `proceed`."""
        forks.end_child()
        self._pauses.release()
        self._goes_on.acquire()

    def end(self) -> None:
        """Ends the thread, which must have no job."""
        if self._thread is not None:
            self._goes_on.release()

    def _run(self) -> None:
        self._goes_on.acquire()
        while self._job is not None:
            try:
                self._job(self)
            finally:
                forks.end_child()
                self._job = None
                self._pauses.release()
            self._goes_on.acquire()


class Helpers:
    """Gives jobs to helpers, and starts helpers as needed, up to a limit."""

    def __init__(self) -> None:
        self._idle: list[Helper] = []
        self._count = 0
        self._waiting: deque[Job] = deque()
        self._closed = False
        self._pumping = False

    def begin(self, job: Job) -> None:
        """Begins a job, or queues it for a helper."""
        if not self._idle and self._count < _MOST_HELPERS:
            self._count += 1
            self._idle.append(Helper(self._on_idle))
        self._waiting.append(job)
        self._pump()

    def close(self) -> None:
        """Ends idle helpers; the others end after their jobs."""
        self._closed = True
        while self._idle:
            self._idle.pop().end()

    def _on_idle(self, helper: Helper) -> None:
        self._idle.append(helper)
        self._pump()

    def _pump(self) -> None:
        if self._pumping:
            # Called within the loop below, which continues.
            return
        self._pumping = True
        try:
            while self._waiting and self._idle:
                self._idle.pop().begin(self._waiting.popleft())
        finally:
            self._pumping = False
        if self._closed:
            self.close()
