"""Forks the child of a request."""

from __future__ import annotations

import fcntl
import os
import signal
from socket import AF_UNIX, SOCK_STREAM
from typing import NamedTuple, NoReturn

from taipan.dispatch import Request
from taipan.fresh.child import HELD, Child
from taipan.fresh.child_socket import ChildSocket
from taipan.fresh.seat import RunningChild, Seat
from taipan.native import socket, socketpair
from taipan.serving import Serving

_EXIT_BROKEN = 70


class Job(NamedTuple):
    """What a child has to do."""

    serving: Serving
    request: Request
    #: Id of the request.
    name: str | None
    #: Its number on the link.
    serial: int
    #: Seconds that the script's threads and handlers have after the response; 0: no limit.
    patience: float


def fork_child(seat: Seat, job: Job) -> RunningChild:
    """Starts the child of a seat. Raises `OSError` if the system cannot."""
    near, far = socketpair()
    with far:
        try:
            pid = _fork(seat, job, near, far)
        except OSError:
            near.close()
            raise
    seat.child = RunningChild(pid, near, job.name)
    return seat.child


def _fork(seat: Seat, job: Job, near: socket, far: socket) -> int:
    # Numbers that scripts do not close. The child closes the seat's, and those of others.
    link = fcntl.fcntl(seat.fileno(), fcntl.F_DUPFD_CLOEXEC, seat.fileno())
    seat.begin()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        pid = os.fork()
        if pid == 0:
            _become_child(seat, job, (near, far, link))
        return pid
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(link)


def _become_child(seat: Seat, job: Job, ends: tuple[socket, socket, int]) -> NoReturn:
    try:
        near, far, link = ends
        near.close()
        report = fcntl.fcntl(far.fileno(), fcntl.F_DUPFD_CLOEXEC, link)
        far.close()
        transport = ChildSocket(_make_socket(link), job.serial, seat.decoder, seat.progress)
        Child(job.serving, transport, _make_socket(report), job.patience).run(job.request, job.name)
    finally:
        os._exit(_EXIT_BROKEN)


def _make_socket(descriptor: int) -> socket:
    return socket(AF_UNIX, SOCK_STREAM, 0, descriptor)
