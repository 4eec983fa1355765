"""Brings a thread of requests from one interpreter to another, and back."""

from __future__ import annotations

import struct
from typing import Final

from taipan.native import socket

_LENGTH: Final = struct.Struct("<I")


class Link:
    """One end of a socket pair between the threads that serve the same requests by turns."""

    def __init__(self, sock: socket) -> None:
        # The application may have set a time limit for all new sockets.
        sock.settimeout(None)
        self._socket = sock

    def send(self, state: bytes) -> None:
        """Hands the requests over, as `ThreadSocket.leave` gives them."""
        self._socket.sendall(_LENGTH.pack(len(state)) + state)

    def receive(self) -> bytes | None:
        """Waits for the requests to come back; None when there will be no more."""
        head = self._read(_LENGTH.size)
        return head and self._read(_LENGTH.unpack(head)[0])

    def close(self) -> None:
        """There will be no more requests."""
        self._socket.close()

    def _read(self, size: int) -> bytes | None:
        data = bytearray()
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                return None
            data += piece
        return bytes(data)
