"""A forked child is a copy of Node without its thread: it must not hold what Node serves."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable

from taipan.embedded import node_thread, signals

#: Sockets that Node listened on when a worker started.
_listening: set[int] = set()
#: Descriptors of ours.
_own: set[int] = set()


def install() -> None:
    """Has children that are forked close what is Node's."""
    os.register_at_fork(after_in_child=_forget)


def own(descriptors: Iterable[int]) -> None:
    """These must be closed in children."""
    _own.update(descriptors)


def disown(descriptors: Iterable[int]) -> None:
    """These are closed."""
    _own.difference_update(descriptors)


def find_listening() -> None:
    """Looks for the sockets that Node listens on; called before an application opens its own."""
    for descriptor in _descriptors():
        if descriptor in _listening:
            continue
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode) and _listens(descriptor):
                _listening.add(descriptor)
        except OSError:
            pass


def _descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return []


def _listens(descriptor: int) -> bool:
    with socket.socket(fileno=os.dup(descriptor)) as sock:
        return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


def _forget() -> None:
    ports = {_port(descriptor) for descriptor in _listening} - {0}
    for descriptor in {*_listening, *_own, *node_thread.descriptors()}:
        try:
            os.close(descriptor)
        except OSError:
            pass
    _listening.clear()
    _own.clear()
    if ports:
        _close_clients(ports)
    signals.restore_in_child()


def _close_clients(ports: set[int]) -> None:
    """Node's clients would wait for the end of a connection that only the child still holds."""
    for descriptor in _descriptors():
        if _port(descriptor) in ports:
            os.close(descriptor)


def _port(descriptor: int) -> int:
    """The local port of an Internet socket; 0 for anything else."""
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            return 0
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            return 0 if sock.family == socket.AF_UNIX else int(sock.getsockname()[1])
    except OSError:
        return 0
