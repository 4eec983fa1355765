"""The descriptors that a worker is given: its end of the control channel, and those of requests."""

from __future__ import annotations

import errno
import fcntl
import os
import resource
from collections.abc import Sequence
from typing import NamedTuple

from taipan.native import socket


class RequestSockets(NamedTuple):
    """Sockets on which requests arrive, and the terminal of whoever debugs them."""

    loop: socket
    threads: list[socket]
    #: Descriptor; None: there is none.
    terminal: int | None = None


def choose_base() -> int:
    """The lowest of our descriptors: above those that applications close, below the limit."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if soft == resource.RLIM_INFINITY:
        return 2048
    return max(8, min(2048, max(soft // 2, soft - 256)))


def take_socket(given: int, wanted: int) -> socket:
    """Moves a descriptor to a higher number, with close-on-exec."""
    try:
        descriptor = fcntl.fcntl(given, fcntl.F_DUPFD_CLOEXEC, wanted)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        descriptor = fcntl.fcntl(given, fcntl.F_DUPFD_CLOEXEC, given)
    os.close(given)
    sock = socket(fileno=descriptor)
    sock.settimeout(None)
    return sock


def take_request_sockets(given: Sequence[int], base: int) -> RequestSockets:
    """Takes the descriptor of the event loop and those of the threads, in this order."""
    loop, *threads = (take_socket(end, base + 1 + index) for index, end in enumerate(given))
    return RequestSockets(loop, threads)
