"""A seat: the socket of a link to Node, and the child that answers a request on it."""

from __future__ import annotations

import _socket
import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from socket import MSG_DONTWAIT, SHUT_RDWR
from time import perf_counter

from taipan import frames
from taipan.control import Message
from taipan.fresh.child_signals import ORDERED
from taipan.fresh.progress import Progress
from taipan.native import socket

_RECEIVE_BYTES = 64 * 1024


class SeatClosed(Exception):
    """Nothing more can be read or written; `reason` is empty if Node has closed the link."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class RunningChild:
    """A child, as the template sees it."""

    def __init__(self, pid: int, report: _socket.socket, request: str | None) -> None:
        self.pid = pid
        #: The end of its channel.
        self.report = report
        #: The id of its request.
        self.request = request
        self.started = perf_counter()
        self.decoder = frames.Decoder()
        #: Numbers of those who have asked for its stack.
        self.questions: list[int] = []
        #: Node's message about its overdue request.
        self.interrupt: Message | None = None
        #: When it is killed for that (`monotonic()`).
        self.due = 0.0
        #: It can send nothing more.
        self.silent = False

    def take_reports(self) -> Iterator[frames.Frame]:
        """What it has sent and can be read at once."""
        while not self.silent:
            try:
                data = self.report.recv(_RECEIVE_BYTES, MSG_DONTWAIT)
                self.silent = not data
                self.decoder.feed(data)
                yield from self.decoder.frames()
            except BlockingIOError:
                return
            except (ConnectionError, frames.FrameError):
                # The script may have written to it.
                self.silent = True

    def order(self, what: bytes) -> None:
        """Tells it what is wanted; see `child_signals`."""
        # The script may have closed its end.
        with suppress(OSError):
            self.report.send(what, MSG_DONTWAIT)
        os.kill(self.pid, ORDERED)

    def kill(self) -> None:
        """Ends it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def look(self) -> str | None:
        """How it has ended, `exit code 0` or `signal SIGKILL`; None while it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid == 0:
            return None
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            try:
                return f"signal {signal.Signals(number).name}"
            except ValueError:
                return f"signal {number}"
        return f"exit code {os.WEXITSTATUS(status)}"

    @property
    def took(self) -> int:
        """Microseconds of the request, as frames tell them."""
        return min(int((perf_counter() - self.started) * 1_000_000), 0xFFFF)


class Seat:
    """One of the places where requests are answered, one after the other."""

    def __init__(self, index: int, sock: socket) -> None:
        self.index = index
        self.socket = sock
        self.progress = Progress()
        self.decoder = frames.Decoder()
        self.child: RunningChild | None = None
        #: Bytes to be read that belong to nobody.
        self._skipped = 0
        self._unsent = b""

    def close(self) -> None:
        """Ends the link. The descriptor stays: children close it by its number."""
        with suppress(OSError):
            self.socket.shutdown(SHUT_RDWR)

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self.socket.fileno()

    def receive(self) -> frames.Frame | None:
        """Reads what has arrived; a request once it is whole. Raises `SeatClosed`."""
        try:
            data = self.socket.recv(min(self._skipped or _RECEIVE_BYTES, _RECEIVE_BYTES))
        except ConnectionError:
            data = b""
        if not data:
            raise SeatClosed
        if self._skipped:
            self._skipped -= len(data)
            return None
        self.decoder.feed(data)
        try:
            for frame in self.decoder.frames():
                if frame.kind == frames.REQUEST:
                    return frame
                # What is about a request that is over.
        except frames.FrameError as error:
            raise SeatClosed(str(error)) from None
        return None

    def begin(self) -> None:
        """A child gets the socket."""
        self.progress.begin(0 if self.decoder.empty else self.decoder.missing())

    def end(self, ending: str) -> str:
        """The child has ended. Frees the seat; what is to be told of that. Raises `SeatClosed`."""
        child, self.child = self.child, None
        assert child is not None
        child.report.close()
        self.decoder = frames.Decoder()
        self._skipped = self.progress.missing
        if self.progress.torn:
            raise SeatClosed(f"a process ended by {ending} while it sent a response")
        took = child.took
        if self.progress.answered:
            self.send(frames.encode(frames.FREE, tag=took))
            return "" if ending == "exit code 0" else f"its process ended late, by {ending}"
        flags = frames.ABORT_FREE | frames.ABORT_DIED
        told = f"its process ended by {ending} before the response was complete"
        self.send(frames.encode(frames.ABORT, flags, frames.encode_reason(told), tag=took))
        return told

    def send(self, data: bytes) -> None:
        """Sends as much as fits now; the rest with `send_rest`. Raises `SeatClosed`."""
        self._unsent += data
        self.send_rest()

    def send_rest(self) -> None:
        """Continues `send`."""
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent, MSG_DONTWAIT) :]
        except BlockingIOError:
            pass
        except OSError as error:
            raise SeatClosed(str(error)) from None

    @property
    def unsent(self) -> bool:
        """There is a rest to be sent."""
        return bool(self._unsent)
