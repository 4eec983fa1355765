"""What other threads want to be run on Node's thread."""

from __future__ import annotations

import os
import socket
from _thread import get_ident
from queue import Empty, SimpleQueue
from typing import Callable

from taipan.tracebacks import format_exception

_wanted: SimpleQueue[Callable[[], None]] = SimpleQueue()
_bell: socket.socket | None = None
_ident = 0


def open_bell(descriptor: int) -> None:
    """Takes the far end of a socket that Node watches; called on Node's thread."""
    global _bell, _ident
    _bell = socket.socket(fileno=descriptor)
    _bell.setblocking(False)
    _ident = get_ident()


def is_current() -> bool:
    """The caller runs on Node's thread."""
    return get_ident() == _ident


def post(function: Callable[[], None]) -> None:
    """Has a function called on Node's thread, soon."""
    _wanted.put(function)
    ring()


def ring() -> None:
    """Has Node call `run`."""
    assert _bell is not None
    try:
        _bell.send(b"!")
    except BlockingIOError:
        # It rings already.
        pass


def run() -> None:
    """Calls what was posted. Called by Node."""
    assert _bell is not None
    try:
        _bell.recv(4096)
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


def sockets() -> list[socket.socket]:
    """What a forked child must close."""
    return [] if _bell is None else [_bell]
