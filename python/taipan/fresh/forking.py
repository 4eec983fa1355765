"""Forks the child of a request."""

from __future__ import annotations

import fcntl
import os
from _socket import socketpair
from typing import Callable, NamedTuple, NoReturn

from taipan.dispatch import Request
from taipan.fresh.child import Child
from taipan.fresh.child_signals import hold_signals, release_signals
from taipan.fresh.child_socket import EXIT_BROKEN, ChildSocket
from taipan.fresh.seat import RunningChild, Seat
from taipan.serving import Serving


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
    #: Closes what the template has besides the seat.
    close_others: Callable[[Seat], None]


def fork_child(seat: Seat, job: Job) -> RunningChild:
    """Starts the child of a seat. Raises `OSError` if the system cannot."""
    near, far = socketpair()
    seat.begin()
    held = hold_signals()
    try:
        pid = os.fork()
        if pid == 0:
            near.close()
            _become_child(seat, job, far.detach())
    except OSError:
        near.close()
        raise
    finally:
        release_signals(held)
        far.close()
    seat.child = RunningChild(pid, near, job.name)
    return seat.child


def _become_child(seat: Seat, job: Job, far: int) -> NoReturn:
    try:
        job.close_others(seat)
        # A number that scripts do not close.
        report = fcntl.fcntl(far, fcntl.F_DUPFD_CLOEXEC, seat.fileno())
        os.close(far)
        transport = ChildSocket(seat.socket, job.serial, seat.decoder, seat.progress)
        Child(job.serving, transport, report, job.patience).run(job.request, job.name)
    finally:
        os._exit(EXIT_BROKEN)
