"""`environ["werkzeug.socket"]`: a WebSocket for libraries that speak its protocol themselves."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from taipan.events import TransportClosed
from taipan.native import NativeThread
from taipan.wsgi.websocket.framing import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameReader,
    encode_from_client,
)
from taipan.wsgi.websocket.socket import WebSocket, WebSocketClosed

_HEAD_LIMIT = 64 * 1024
_NORMAL = 1000
#: There was no close handshake.
_LOST = 1006
_NO_CODE = 1005


class RawSocket:
    """Looks like the socket of a client, and is one end of a pair.

    Node has the handshake, the frames and the compression with the client. What the library sends
    is taken to pieces here, and messages of the client become frames, which a thread writes into
    the pair, so that the library can wait for them as for those of any socket.
    """

    def __init__(self, web_socket: WebSocket) -> None:
        self._web_socket = web_socket
        self._pair: tuple[socket.socket, socket.socket] | None = None
        #: Held while a frame is written into the pair.
        self._writing = threading.Lock()
        #: Held while bytes of the library become frames: it may send in several threads.
        self._parsing = threading.Lock()
        self._head = bytearray()
        self._frames = FrameReader()
        self._is_text = False

    @property
    def _near(self) -> socket.socket:
        return self._open()[0]

    @property
    def _far(self) -> socket.socket:
        return self._open()[1]

    def _open(self) -> tuple[socket.socket, socket.socket]:
        # Late, because many handshakes are answered in another way.
        if self._pair is None:
            self._pair = socket.socketpair()
        return self._pair

    def fileno(self) -> int:
        """A descriptor that becomes readable as a socket would."""
        return self._near.fileno()

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Bytes of the client."""
        return self._near.recv(size, flags)

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Bytes of the client."""
        return self._near.recv_into(buffer, size, flags)

    def send(self, data: bytes, _flags: int = 0) -> int:
        """Takes the response to the handshake, then frames; waits for slow clients."""
        rest = bytes(data)
        if not self._web_socket.accepted:
            rest = self._take_head(rest)
        if self._web_socket.accepted:
            with self._parsing:
                frames = list(self._frames.feed(rest))
            for frame in frames:
                self._take(frame)
        return len(data)

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """As `send`."""
        self.send(data, flags)

    def shutdown(self, _how: int) -> None:
        """Closes the WebSocket."""
        if self._web_socket.accepted:
            self._web_socket.close()

    def close(self) -> None:
        """Closes the WebSocket, if the library has not."""
        self.shutdown(socket.SHUT_RDWR)
        if self._pair is not None:
            self._pair[0].close()

    def settimeout(self, seconds: float | None) -> None:
        """Limits the time of `recv`."""
        self._near.settimeout(seconds)

    def gettimeout(self) -> float | None:
        """The limit of `recv`."""
        return self._near.gettimeout()

    def setblocking(self, blocking: bool) -> None:
        """Whether `recv` waits."""
        self._near.setblocking(blocking)

    def end(self) -> None:
        """The request is over: whoever still reads finds the end."""
        if self._pair is None:
            return
        near, far = self._pair
        with suppress(OSError):
            far.shutdown(socket.SHUT_RDWR)
        far.close()
        if not self._web_socket.accepted:
            near.close()

    def _take_head(self, data: bytes) -> bytes:
        """Takes the response to the handshake; returns what follows it."""
        self._head += data
        head, end, rest = bytes(self._head).partition(b"\r\n\r\n")
        if not end:
            if len(self._head) > _HEAD_LIMIT:
                raise ConnectionError("the response to the handshake is too long")
            return b""
        status, *lines = head.decode("latin-1").split("\r\n")
        if status.split(" ")[1:2] != ["101"]:
            raise ConnectionError(f"a handshake is denied by a response of WSGI, not by {status!r}")
        pairs = [(name, value.strip()) for name, _, value in (one.partition(":") for one in lines)]
        chosen = [value for name, value in pairs if name.lower() == "sec-websocket-protocol"]
        self._web_socket.accept(chosen[0] if chosen else None, pairs)
        # Before there are several threads.
        self._open()
        NativeThread(self._relay, "taipan-websocket").start()
        return rest

    def _take(self, frame: Frame) -> None:
        opcode, last, payload = frame
        if opcode in (TEXT, BINARY, CONTINUATION):
            if opcode != CONTINUATION:
                self._is_text = opcode == TEXT
            self._web_socket.send_piece(payload, is_text=self._is_text, last=last)
        elif opcode == PING:
            # Node sends pings to the client, and closes what does not answer.
            self._write(encode_from_client(PONG, payload))
        elif opcode == CLOSE:
            code = int.from_bytes(payload[:2], "big") or _NORMAL
            self._web_socket.close(code, payload[2:].decode("utf-8", "replace"))

    def _relay(self) -> None:
        with suppress(OSError, TransportClosed):
            try:
                for data in self._frames_of_client():
                    self._write(data)
            finally:
                self._far.shutdown(socket.SHUT_WR)

    def _frames_of_client(self) -> Iterator[bytes]:
        try:
            while True:
                message = self._web_socket.receive()
                if isinstance(message, str):
                    yield encode_from_client(TEXT, message.encode("utf-8"))
                elif message is not None:
                    yield encode_from_client(BINARY, message)
        except WebSocketClosed as closed:
            if closed.code != _LOST:
                known = b"" if closed.code == _NO_CODE else closed.code.to_bytes(2, "big")
                yield encode_from_client(
                    CLOSE, known + (closed.reason.encode("utf-8") if known else b"")
                )

    def _write(self, data: bytes) -> None:
        with self._writing:
            self._far.sendall(data)
