"""Tells where the load of an application stands when it takes long.

Node cannot ask: in embedded mode its thread is what loads.
"""

from __future__ import annotations

from time import monotonic
from typing import Any, Callable, Final

from taipan.load_place import describe_place
from taipan.native import NativeThread, allocate_lock
from taipan.stacks import Stack, format_stack

#: So that Node, which tells people every 5 s, knows before it does.
_FIRST_SECONDS: Final = 2.0
_NEXT_SECONDS: Final = 5.0


class _Load:
    """A load, and when to look where it stands."""

    def __init__(self, application: str, find_stack: Callable[[], Stack], wait: float) -> None:
        self.application = application
        self.find_stack = find_stack
        self.due = monotonic() + wait


class LoadWatch:
    """Watches one load after the other; `limit` is the time in seconds after which Node ends it.

    `tell` is called in a thread of its own.
    """

    def __init__(self, tell: Callable[[dict[str, object]], None], limit: float) -> None:
        self._tell = tell
        self._first = min(_FIRST_SECONDS, limit * 0.75) if limit else _FIRST_SECONDS
        self._load: _Load | None = None
        #: Held until the end of what is watched; None while nothing is.
        self._over: Any = None

    def begin(self, application: str, find_stack: Callable[[], Stack]) -> None:
        """Watches the load of an application in place of the one before."""
        self._load = _Load(application, find_stack, self._first)
        if self._over is None:
            self._over = allocate_lock()
            self._over.acquire()
            NativeThread(self._run, "taipan-load", (self._over,), listed=False).start()

    def end(self) -> None:
        """Watches nothing any more."""
        over, self._over, self._load = self._over, None, None
        if over is not None:
            over.release()

    def _run(self, over: Any) -> None:
        wait = self._first
        while not over.acquire(True, wait):
            load = self._load
            if load is None:
                return
            wait = load.due - monotonic()
            if wait <= 0:
                self._report(load)
                wait = _NEXT_SECONDS
                load.due = monotonic() + wait

    def _report(self, load: _Load) -> None:
        stack = load.find_stack()
        place = describe_place(stack[::-1])
        text = format_stack(stack)
        if load is self._load and text:
            self._tell(
                {
                    "type": "place",
                    "application": load.application,
                    "place": place,
                    "stack": text,
                }
            )
