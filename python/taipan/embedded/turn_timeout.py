"""Tells where Node's thread is when Python holds it for longer than `timeouts.request`.

Node can neither answer nor look meanwhile. A thread of the system looks: at most twice per limit
while Node calls, and never while it does not.
"""

from __future__ import annotations

from time import monotonic
from typing import Callable, NamedTuple, Optional

from taipan.control import Message
from taipan.native import NativeThread, allocate_lock, get_ident
from taipan.stacks import RunningRequest, capture_thread, format_stack

FindRunning = Callable[[], Optional[RunningRequest]]


class TurnLimit(NamedTuple):
    """How long a call may take, and what messages call that limit."""

    seconds: float
    name: str


class TurnTimeout:
    """Who runs something on Node's thread sets `began`, and wakes the thread that looks at it."""

    def __init__(
        self, limit: TurnLimit, find_running: FindRunning, report: Callable[[Message], None]
    ) -> None:
        self._seconds = limit.seconds
        self._limit_name = limit.name
        self._find_running = find_running
        self._report = report
        self._node_thread = get_ident()
        #: When what runs now has begun, by `monotonic()`; 0 while nothing does.
        self.began = 0.0
        #: The thread waits for `wake`.
        self.asleep = True
        #: Nothing is to be told of what began then.
        self._told = 0.0
        self._closed = False
        self._awake = allocate_lock()
        self._awake.acquire()
        NativeThread(self._run, "taipan-timeout", listed=False).start()

    def wake(self) -> None:
        """Lets the thread look at what has begun. Called where it is asleep."""
        self.asleep = False
        self._awake.release()

    def close(self) -> None:
        """Ends the thread, without waiting for that."""
        if not self._closed:
            self._closed = True
            if self._awake.locked():
                self._awake.release()

    def _run(self) -> None:
        wait = -1.0
        while True:
            self._awake.acquire(True, wait)
            if self._closed:
                return
            # Just woken, it waits at least once: else short calls would wake it one by one.
            wait = self._seconds if wait < 0 else self._look()

    def _look(self) -> float:
        """For how long nothing has to be looked at; -1 until the next call."""
        began = self.began
        if not began:
            self.asleep = True
            # A call may have begun before it could see that.
            if not self.began:
                return -1.0
            self.asleep = False
            return self._seconds
        left = began + self._seconds - monotonic()
        if left > 0:
            return left
        if began != self._told:
            self._told = began
            self._tell(began)
        return self._seconds

    def _tell(self, began: float) -> None:
        running = self._find_running()
        ident = 0 if running is None else running.ident
        stack = capture_thread(ident or self._node_thread)
        age = round((monotonic() - began) * 1000)
        if self.began != began:
            # It has ended, and this is the stack of something else.
            return
        who = "Python"
        fields: dict[str, object] = {"age": age}
        if running is not None:
            request, application, method, path, _ = running
            who = f"request {request} ({method} {path}) of application {application}"
            fields = {"request": request, "application": application, **fields}
        self._report(
            {
                **fields,
                "stream": "worker",
                "text": f"{who} has held Node's thread for {age} ms ({self._limit_name})",
                "traceback": format_stack(stack),
            }
        )
