"""The bytes between a peer and its agent."""

from __future__ import annotations

import socket as sockets
import time
from typing import BinaryIO, Final

from taipan.lrwp.errors import AgentError, AgentGone
from taipan.native import POLLIN, poll, socket

_PIECE: Final = 64 * 1024
_MORE: Final[int] = getattr(sockets, "MSG_MORE", 0)
#: Seconds that may pass within a message without a byte.
PATIENCE: Final = 300.0
#: Milliseconds that a request may take from the agent to here.
_TRAVEL_MS: Final = 50
#: Seconds for an agent to take notice of a peer that leaves.
_LEAVE_TIME: Final = 0.3


class AgentStream:
    """Reads exactly what is asked for. Raises `AgentError`."""

    def __init__(self, connected: socket) -> None:
        self._socket = connected
        self._buffer = bytearray()
        self._deadline: float | None = None

    def limit(self, seconds: float | None) -> None:
        """All that follows has to be done in this time; None: each read and send has `PATIENCE`."""
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def wait(self, stop: int | None = None) -> bool:
        """Waits, without end, for a byte or for input on `stop`. False: there is no byte.

        What has been sent before the stop may still be on its way.
        """
        if self._buffer:
            return True
        poller = poll()
        poller.register(self._socket.fileno(), POLLIN)
        if stop is None:
            return bool(poller.poll())
        poller.register(stop, POLLIN)
        if any(descriptor != stop for descriptor, _ in poller.poll()):
            return True
        poller.unregister(stop)
        return bool(poller.poll(_TRAVEL_MS))

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        data = self.peek(size)
        if len(data) < size:
            raise AgentGone("it closed the connection within a message")
        del self._buffer[:size]
        return data

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, which stay; fewer only at the end of the connection."""
        while len(self._buffer) < size and self._receive():
            pass
        return bytes(self._buffer[:size])

    def read_until(self, end: bytes, limit: int) -> bytes | None:
        """What is before `end`; None, and the bytes stay, if that is not within `limit` bytes."""
        while (found := self._buffer.find(end)) < 0:
            if len(self._buffer) >= limit or not self._receive():
                return None
        return self.read(found + len(end))[: -len(end)]

    def read_rest(self, limit: int, seconds: float) -> bytes:
        """What arrives up to the end of the connection, at most `limit` bytes, in this time."""
        self.limit(seconds)
        try:
            return self.peek(limit)
        except AgentError:
            return bytes(self._buffer)

    def copy(self, size: int, file: BinaryIO) -> None:
        """Writes the next `size` bytes to a file."""
        left = size
        while left > 0:
            if not self._buffer and not self._receive():
                raise AgentGone("it closed the connection within a request")
            piece = bytes(self._buffer[:left])
            file.write(piece)
            del self._buffer[: len(piece)]
            left -= len(piece)

    def send(self, data: bytes, *, more: bool = False) -> None:
        """Sends a piece, which should not be large; `more`: at once with what follows."""
        self._set_timeout()
        try:
            self._socket.sendall(data, _MORE if more else 0)
        except OSError as error:
            raise self._explain(error) from None

    def leave(self) -> None:
        """Says that nothing more comes, and waits a little for the agent to close, too.

        Closing at once could take from the agent what it has not read yet.
        """
        try:
            self._socket.shutdown(sockets.SHUT_WR)
            self.limit(_LEAVE_TIME)
            while self._receive():
                self._buffer.clear()
        except (AgentError, OSError):
            pass  # it has gone first

    def close(self) -> None:
        """Ends the connection."""
        self._socket.close()

    def _receive(self) -> bool:
        """Waits for more bytes; False at the end of the connection."""
        self._set_timeout()
        try:
            piece = self._socket.recv(_PIECE)
        except OSError as error:
            raise self._explain(error) from None
        self._buffer += piece
        return bool(piece)

    def _set_timeout(self) -> None:
        left = PATIENCE if self._deadline is None else self._deadline - time.monotonic()
        # 0 would mean not to wait at all.
        self._socket.settimeout(max(left, 0.001))

    def _explain(self, error: OSError) -> AgentError:
        if isinstance(error, (TimeoutError, sockets.timeout)):
            return AgentError("it was silent for too long")
        if isinstance(error, ConnectionError):
            return AgentGone("it has broken the connection")
        return AgentError(error.strerror or str(error))
