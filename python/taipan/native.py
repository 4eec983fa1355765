"""Python's original functions, before gevent or eventlet replace them.

Imported before any application. A worker blocks in system calls, which would stop all greenlets
of a thread, so its own threads are always system threads.
"""

from __future__ import annotations

import select
import threading
from _thread import allocate_lock, get_ident, start_new_thread
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
    "start_new_thread",
    "wait_for_descriptors",
]


def has_greenlets() -> bool:
    """Whether an application has replaced the threads of this process by greenlets."""
    return threading.get_ident is not get_ident


def has_green_waits() -> bool:
    """Whether an application has replaced waiting for descriptors by running greenlets."""
    return vars(select)["select"] is not wait_for_descriptors


def make_green_wait(descriptor: int) -> Callable[[float | None], object]:
    """A function that runs greenlets of this thread until there is input or a timeout (seconds).

    Call it in the thread that will wait, if `has_green_waits`.
    """
    replaced: Any = select
    if not hasattr(replaced, "poll"):
        return lambda seconds: replaced.select([descriptor], [], [], seconds)
    # The select of gevent does not support descriptors beyond FD_SETSIZE.
    poller = replaced.poll()
    poller.register(descriptor, POLLIN)
    return lambda seconds: poller.poll(None if seconds is None else seconds * 1000)


def prepare_green_waits() -> None:
    """Makes the hub of this thread before other threads make theirs.

    The first hub imports modules. Threads that import them at the same time wait for each other in
    hubs that do not exist yet, and gevent recurses without end.
    """
    if has_green_waits():
        near, far = socketpair()
        with near, far:
            make_green_wait(near.fileno())(0)


class NativeThread(threading.Thread):
    """A system thread, even if `threading` is patched. The end of a worker does not wait for it.

    It is a daemon, and so are threads that an application starts from it. `listed` False keeps it
    out of `threading.enumerate()`: gevent takes over the locks of imports that are going on only
    in a process with one thread.
    """

    def __init__(
        self,
        target: Callable[..., object],
        name: str,
        args: Iterable[Any] = (),
        daemon: bool = True,
        listed: bool = True,
    ) -> None:
        super().__init__(target=target, name=name, args=args, daemon=daemon)
        self._listed = listed
        self._running = allocate_lock()
        self._native_ident: int | None = None

    @property
    def ident(self) -> int | None:
        """The id of the system thread; None before the start."""
        return self._native_ident

    def start(self) -> None:
        """Starts it; returns when `ident` is known."""
        self._running.acquire()
        try:
            if has_greenlets() or not self._listed:
                self._native_ident = start_new_thread(self.run, ())
            else:
                super().start()
                self._native_ident = super().ident
        except RuntimeError:
            # There is no such thread; after the exception of a signal handler there is one.
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
        # Threads that were patched meanwhile are listed by other ids.
        if has_greenlets():
            vars(threading)["_active"].pop(get_ident(), None)
        else:
            super()._delete()  # type: ignore[misc]
