"""A forked child is a copy of Node without its thread: it must not hold what Node serves."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Iterable

from taipan.embedded import node_thread, signals

#: Sockets that Node listened on when a worker started, by device and inode: descriptors change.
_listening: set[tuple[int, int]] = set()
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
        socket_ = _identify(descriptor)
        if socket_ is not None and socket_ not in _listening and _listens(descriptor):
            _listening.add(socket_)


def _descriptors() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc/self/fd")]
    except OSError:
        return []


def _identify(descriptor: int) -> tuple[int, int] | None:
    """The socket behind a descriptor; None for anything else."""
    try:
        found = os.fstat(descriptor)
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISSOCK(found.st_mode) else None


def _listens(descriptor: int) -> bool:
    try:
        with socket.socket(fileno=os.dup(descriptor)) as sock:
            return bool(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _forget() -> None:
    for descriptor in {*_own, *node_thread.descriptors()}:
        _close(descriptor)
    sockets = [(descriptor, _identify(descriptor)) for descriptor in _descriptors()]
    listening = [descriptor for descriptor, socket_ in sockets if socket_ in _listening]
    doors = {_door(descriptor) for descriptor in listening} - {None}
    for descriptor in listening:
        _close(descriptor)
    _listening.clear()
    _own.clear()
    if doors:
        _close_clients(doors)
    signals.restore_in_child()


def _close_clients(doors: set[object]) -> None:
    """Node's clients would wait for the end of a connection that only the child still holds."""
    for descriptor in _descriptors():
        if _door(descriptor) in doors:
            _close(descriptor)


def _door(descriptor: int) -> object:
    """Where clients come in: the local port, or the path of a Unix socket; else None."""
    if _identify(descriptor) is None:
        return None
    try:
        with socket.socket(fileno=os.dup(descriptor)) as sock:
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
