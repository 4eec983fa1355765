"""What libraries such as gevent and eventlet replace in Python's modules, as Python has it.

Imported before any application. A worker blocks in the calls of the system, which would stop all
greenlets of a thread, so each of its threads is one of the system.
"""

from __future__ import annotations

import select
import threading
from _thread import allocate_lock, get_ident
from _thread import start_new_thread as _start_new_thread
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from select import POLLIN, poll
from select import select as wait_for_descriptors
from socket import socket, socketpair
from time import sleep
from typing import Any, Callable

__all__ = [
    "POLLIN",
    "Empty",
    "NativeThread",
    "SimpleQueue",
    "allocate_lock",
    "get_ident",
    "has_green_waits",
    "has_greenlets",
    "make_green_wait",
    "poll",
    "prepare_green_waits",
    "sleep",
    "socket",
    "socketpair",
    "wait_for_descriptors",
]


def has_greenlets() -> bool:
    """Whether an application has had the threads of this process replaced by greenlets."""
    return threading.get_ident is not get_ident


def has_green_waits() -> bool:
    """Whether an application has had what waits for descriptors replaced by what runs greenlets."""
    return vars(select)["select"] is not wait_for_descriptors


def make_green_wait(descriptor: int) -> Callable[[float | None], object]:
    """A function that runs greenlets of this thread until there is input, or so many seconds.

    Called in the thread that is to wait, where `has_green_waits`.
    """
    replaced: Any = select
    if not hasattr(replaced, "poll"):
        return lambda seconds: replaced.select([descriptor], [], [], seconds)
    # What gevent has instead of select takes no descriptor beyond FD_SETSIZE.
    poller = replaced.poll()
    poller.register(descriptor, POLLIN)
    return lambda seconds: poller.poll(None if seconds is None else seconds * 1000)


def prepare_green_waits() -> None:
    """Makes the hub of this thread, before others make theirs at the same time.

    The first one imports what all are made of. Imports of several threads wait for each other in
    hubs, and gevent recurses without end where these are not made yet.
    """
    if has_green_waits():
        near, far = socketpair()
        with near, far:
            make_green_wait(near.fileno())(0)


class NativeThread(threading.Thread):
    """A thread of the system, whatever became of `threading`. The end of a worker waits for none.

    Threads that an application starts from a daemon are daemons, too.
    """

    def __init__(
        self,
        target: Callable[..., object],
        name: str,
        args: Iterable[Any] = (),
        daemon: bool = True,
    ) -> None:
        super().__init__(target=target, name=name, args=args, daemon=daemon)
        self._running = allocate_lock()
        self._native_ident: int | None = None

    @property
    def ident(self) -> int | None:
        """Of the system's thread; None before the start."""
        return self._native_ident

    def start(self) -> None:
        """Starts it; returns when `ident` is known."""
        self._running.acquire()
        try:
            if has_greenlets():
                self._native_ident = _start_new_thread(self.run, ())
            else:
                super().start()
                self._native_ident = super().ident
        except BaseException:
            self._running.release()
            raise

    def run(self) -> None:
        """Calls the target."""
        try:
            super().run()
        finally:
            self._running.release()

    def join(self, timeout: float | None = None) -> None:
        """Waits for its end."""
        if self._running.acquire(True, -1 if timeout is None else timeout):
            self._running.release()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._running.locked()

    def _delete(self) -> None:
        # Threads that became greenlets meanwhile are known by other numbers.
        if has_greenlets():
            vars(threading)["_active"].pop(get_ident(), None)
        else:
            super()._delete()  # type: ignore[misc]
