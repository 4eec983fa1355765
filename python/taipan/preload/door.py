"""The socket on which descriptors of new workers arrive.

Node cannot send descriptors. A small program that inherits them does, see
`src/backends/preload/donor.ts`: in messages of eight bytes, which say for which worker they are and
how many there are in all.
"""

from __future__ import annotations

import _socket
import struct
from collections.abc import Iterator
from socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET

from taipan.native import socket

_HEAD = struct.Struct("!II")
_MOST_DESCRIPTORS = 128
_FLAGS = getattr(_socket, "MSG_CMSG_CLOEXEC", 0)


class DoorClosed(Exception):
    """Nobody can send any more."""


class Door:
    """Receives descriptors and collects them."""

    def __init__(self, sock: socket) -> None:
        self._socket = sock
        self._collected: dict[int, list[int]] = {}

    def fileno(self) -> int:
        """The descriptor of the socket."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes it in a forked worker."""
        self._socket.close()

    def receive(self) -> Iterator[tuple[int, list[int]]]:
        """Reads one message. Yields the number of a worker, and its descriptors when all are there.

        Raises `DoorClosed`.
        """
        space = CMSG_SPACE(_MOST_DESCRIPTORS * struct.calcsize("i"))
        data, parts, _flags, _address = self._socket.recvmsg(_HEAD.size, space, _FLAGS)
        if len(data) < _HEAD.size:
            raise DoorClosed
        number, count = _HEAD.unpack(data)
        collected = self._collected.setdefault(number, [])
        for level, kind, value in parts:
            if level == SOL_SOCKET and kind == SCM_RIGHTS:
                whole = len(value) // struct.calcsize("i")
                collected += struct.unpack(f"{whole}i", value[: whole * struct.calcsize("i")])
        if len(collected) >= count:
            yield number, self._collected.pop(number)
