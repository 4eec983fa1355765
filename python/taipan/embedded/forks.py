"""Forked children, copies of Node without its thread: they must not keep what Node serves."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Iterable
from typing import Callable

from taipan import at_fork, native
from taipan.embedded import node_thread, signals

#: Sockets that Node listened on when a worker started, by device and inode.
_listening: set[tuple[int, int]] = set()
#: Our own sockets. As objects, because a child may reuse their descriptor numbers.
_own: set[native.socket] = set()
_stops: list[tuple[type, str, Callable[..., None]]] = []
_forked = False
_thread_data = threading.local()


class _ThreadEnd:
    """Ends a child when its first thread ends, as the system would if Node did not run on."""

    def __del__(self) -> None:
        os._exit(0)


def install() -> None:
    """Makes forked children close what belongs to Node."""
    at_fork.hold_signals(signals.NODES, _forget)


def own(sockets: Iterable[native.socket]) -> None:
    """Registers sockets that children must close."""
    _own.update(sockets)


def disown(sockets: Iterable[native.socket]) -> None:
    """Unregisters closed sockets."""
    _own.difference_update(sockets)


def end_children_at(owner: type, *methods: str) -> None:
    """Ends a child that calls one of these methods; no cost in Node itself."""
    _stops.extend((owner, method, at_fork.end_child) for method in methods)


def end_returned_children_at(owner: type, *methods: str) -> None:
    """Ends a child that calls one of these methods after leaving the caller of `os.fork()`.

    In other children the methods do nothing.
    """
    _stops.extend((owner, method, at_fork.end_returned_child) for method in methods)


def end_child() -> None:
    """Ends a child that has left the application and must not serve. Does nothing in Node."""
    if _forked:
        at_fork.end_child()


def find_listening() -> None:
    """Finds the sockets that Node listens on, before an application opens its own."""
    for descriptor in _descriptors():
        socket_ = _identify(descriptor)
        if socket_ is not None and socket_ not in _listening and _listens(descriptor):
            _listening.add(socket_)


def _descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return []


def _identify(descriptor: int) -> tuple[int, int] | None:
    """The socket of a descriptor; None for anything else."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def _listens(descriptor: int) -> bool:
    try:
        with native.socket(fileno=os.dup(descriptor)) as sock:
            return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _forget() -> None:
    global _forked
    _forked = True
    if not node_thread.is_current():
        _thread_data.end = _ThreadEnd()
    for owner, method, stop in _stops:
        setattr(owner, method, stop)
    for own_socket in {*_own, *node_thread.sockets()}:
        own_socket.close()
    sockets = [(descriptor, _identify(descriptor)) for descriptor in _descriptors()]
    listening = [descriptor for descriptor, socket_ in sockets if socket_ in _listening]
    listeners = {_address(descriptor) for descriptor in listening} - {None}
    for descriptor in listening:
        _close(descriptor)
    _listening.clear()
    _own.clear()
    if listeners:
        _close_clients(listeners)
    signals.restore_in_child()


def _close_clients(listeners: set[object]) -> None:
    """Closes connections of Node's clients, which would not end while the child keeps them open."""
    for descriptor in _descriptors():
        if _address(descriptor) in listeners:
            _close(descriptor)


def _address(descriptor: int) -> object:
    """The address that clients connect to: local port, or path of a Unix socket; else None."""
    if _identify(descriptor) is None:
        return None
    try:
        with native.socket(fileno=os.dup(descriptor)) as sock:
            if sock.type != socket.SOCK_STREAM:
                return None
            name = sock.getsockname()
            return (name if sock.family == socket.AF_UNIX else name[1]) or None
    except OSError:
        return None


def _close(descriptor: int) -> None:
    try:
        os.close(descriptor)
    except OSError:
        pass
