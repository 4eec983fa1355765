"""The socket of a seat in the child that answers a request on it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import Callable

from taipan import frames
from taipan.at_fork import end_child
from taipan.events import TransportClosed
from taipan.fresh.progress import Progress
from taipan.native import socket
from taipan.transports.socket import ThreadSocket

#: How a child ends that cannot answer any more.
EXIT_BROKEN = 70


class ChildSocket(ThreadSocket):
    """Answers one request. The template frees the seat when the child has ended."""

    _forgotten = False
    #: To be called when the present frames are written.
    _after: Callable[[], object] | None = None

    def __init__(
        self, sock: socket, serial: int, decoder: frames.Decoder, progress: Progress
    ) -> None:
        super().__init__(sock)
        self._decoder = decoder
        self._progress = progress
        self._begin(serial)
        self._sort()

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """Sends a complete response; the seat is not free yet."""
        super().send(status, flags, length, fields, body, False)

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        """Sends another piece; the seat is not free yet."""
        super().write(data, last)

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """Sends the head only: Node would look for the descriptor in the template."""
        self._put(self._head(status, flags, length, fields))
        return False

    def finish(self) -> None:
        """Notes that the response is whole, or was aborted."""
        self._freed = True
        self._progress.finish()

    def forget(self) -> None:
        """In a process that the script has forked, which must not answer."""
        self._forgotten = True
        self._progress = Progress()
        # The script may have closed it.
        with suppress(OSError):
            self._socket.close()

    def _put(self, data: bytes) -> None:
        if self._forgotten:
            end_child()
        self._progress.enter_write()
        try:
            super()._put(data)
        except TransportClosed:
            raise
        except BaseException as error:
            if getattr(error, "errno", None) != errno.EBADF:
                # A signal handler of the script may have divided a frame.
                os._exit(EXIT_BROKEN)
            # The script has closed it.
            self._progress.leave_write()
            raise TransportClosed from None
        self._progress.leave_write()
        after, self._after = self._after, None
        if after is not None:
            after()

    def call_between_writes(self, call: Callable[[], object]) -> None:
        """Calls it now, or when the frames have been written that a signal has interrupted."""
        if self._progress.torn:
            self._after = call
        else:
            call()

    def _look(self) -> None:
        try:
            super()._look()
        finally:
            self._tell_missing()

    def _wait(self) -> None:
        super()._wait()
        self._tell_missing()

    def _tell_missing(self) -> None:
        self._progress.missing = 0 if self._decoder.empty else self._decoder.missing()
