"""Calls functions on Node's thread for other threads."""

from __future__ import annotations

import os
from typing import Callable

from taipan.native import Empty, SimpleQueue, get_ident, socket
from taipan.tracebacks import format_exception

_wanted: SimpleQueue[Callable[[], None]] = SimpleQueue()
_wakeup: socket | None = None
_ident = 0


def open_wakeup(descriptor: int) -> None:
    """Uses the other end of a socket that Node polls; called on Node's thread."""
    global _wakeup, _ident
    _wakeup = socket(fileno=descriptor)
    _wakeup.setblocking(False)
    _ident = get_ident()


def is_current() -> bool:
    """Whether the caller runs on Node's thread."""
    return get_ident() == _ident


def post(function: Callable[[], None]) -> None:
    """Calls a function on Node's thread soon."""
    _wanted.put(function)
    wake()


def wake() -> None:
    """Makes Node call `run`."""
    assert _wakeup is not None
    try:
        _wakeup.send(b"!")
    except BlockingIOError:
        # The socket is full, so Node will be woken anyway.
        pass


def run() -> None:
    """Calls the posted functions. Called by Node."""
    assert _wakeup is not None
    try:
        _wakeup.recv(4096)
    except BlockingIOError:
        pass
    while True:
        try:
            function = _wanted.get_nowait()
        except Empty:
            return
        try:
            function()
        except BaseException as error:
            os.write(2, f"taipan: {format_exception(error)}".encode("utf-8", "replace"))


def sockets() -> list[socket]:
    """Sockets that a forked child must close."""
    return [] if _wakeup is None else [_wakeup]
