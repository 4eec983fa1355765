"""Serves WSGI on the main thread of a worker, one request at a time."""

from __future__ import annotations

from contextlib import suppress
from socket import SHUT_RD
from typing import Callable

from taipan.native import socket
from taipan.serving import Serving


class MainThread:
    """The runner of a worker in place of an event loop: requests run where signal handlers do.

    So `signal.alarm` works in requests, and what belongs to the main thread, such as windows.
    """

    def __init__(self, serving: Serving, sock: socket, on_broken: Callable[[str], None]) -> None:
        self._serving = serving
        self._socket = sock
        self._on_broken = on_broken
        self._ready = False
        self._stopping = False

    def run(self) -> None:
        """Serves until `stop`. Exceptions of signal handlers between requests are passed on."""
        while not self._stopping:
            self._serving.threads.serve_here(0, self._tell_ready, self._on_broken)

    def stop(self) -> None:
        """Ends `run` after the present request. Safe in any thread and in signal handlers."""
        self._stopping = True
        with suppress(OSError):
            # The wait for a request ends; responses can still be sent.
            self._socket.shutdown(SHUT_RD)

    def end(self, _deadline: float) -> None:
        """Does nothing, because nothing is left."""

    def _tell_ready(self) -> None:
        if not self._ready:
            self._ready = True
            self._serving.report_ready()
