"""The socket of a worker's event loop, with frames of many requests in both directions."""

from __future__ import annotations

import asyncio
import sys
from typing import Callable, Protocol

from taipan.native import socket

_RECEIVE_BYTES = 64 * 1024
#: Tasks of applications take their first step at once, not in the next turn of the loop.
_EAGER = sys.version_info >= (3, 12)


class Hub(Protocol):
    """Receives and makes frames."""

    def receive(self, data: bytes) -> None:
        """Accepts any piece of the byte stream."""

    def take_output(self) -> bytes:
        """Removes and returns all complete frames."""


class LoopSocket:
    """Moves bytes between the inherited socket and a hub.

    Output of one turn of the loop leaves in one system call.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sock: socket,
        on_broken: Callable[[str], None],
    ) -> None:
        sock.setblocking(False)
        self._loop = loop
        self._socket = sock
        self._on_broken = on_broken
        self._hub: Hub | None = None
        self._scheduled = False
        self._receiving = False
        #: Output that the kernel has not accepted.
        self._rest = memoryview(b"")

    def start(self, hub: Hub) -> None:
        """Begins to read."""
        self._hub = hub
        self._loop.add_reader(self._socket.fileno(), self._on_readable)

    def on_output(self) -> None:
        """The outbox is no longer empty."""
        if not self._scheduled and not self._receiving:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def flush(self) -> None:
        """Sends output as far as the kernel accepts it."""
        if self._hub is None or self._rest:
            return
        data = self._hub.take_output()
        if data:
            self._send(memoryview(data))

    def _flush(self) -> None:
        self._scheduled = False
        self.flush()

    def _on_readable(self) -> None:
        assert self._hub is not None
        try:
            data = self._socket.recv(_RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._break(f"the socket of the event loop failed: {error!r}")
            return
        if not data:
            # Node has closed it; the control channel ends, too, and ends this process.
            self._loop.remove_reader(self._socket.fileno())
            return
        self._receiving = True
        try:
            self._hub.receive(data)
        except Exception as error:
            self._break(f"the frames from Node are invalid: {error!r}")
        finally:
            self._receiving = False
        if _EAGER:
            self.flush()
        elif not self._scheduled:
            # Runs after the first steps of the new tasks, so that their responses leave together.
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def _send(self, data: memoryview) -> None:
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except (BrokenPipeError, ConnectionResetError):
            # The same as the end of the input.
            return
        except OSError as error:
            self._break(f"the socket of the event loop failed: {error!r}")
            return
        if sent == len(data):
            return
        self._rest = data[sent:]
        self._loop.add_writer(self._socket.fileno(), self._on_writable)

    def _on_writable(self) -> None:
        self._loop.remove_writer(self._socket.fileno())
        rest, self._rest = self._rest, memoryview(b"")
        self._send(rest)
        self.flush()

    def _break(self, text: str) -> None:
        self._loop.remove_reader(self._socket.fileno())
        self._on_broken(text)
