"""A WebSocket of an ASGI application."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from taipan.asgi.disconnects import is_disconnect
from taipan.asgi.events import Event, ProtocolError, require_type, unexpected
from taipan.asgi.head import make_handshake
from taipan.asgi.outbox import Outbox
from taipan.asgi.response import ResponseStream
from taipan.asgi.response_writer import ENDED
from taipan.asgi.stream import CREDIT
from taipan.asgi.websocket_events import NORMAL_CLOSURE, parse_close, parse_message
from taipan.events import ClientDisconnected, Settings
from taipan.fields import is_token, kind_of
from taipan.frames import (
    ACCEPT,
    BROKEN,
    BROKEN_CANCEL,
    CLOSE,
    CLOSE_PAYLOAD,
    MESSAGE,
    MESSAGE_COST,
    MESSAGE_LAST,
    MESSAGE_TEXT,
    PULL,
    PULL_PAYLOAD,
)
from taipan.tracebacks import format_exception, summarize

_CONNECTING = 0
_DENYING = 1
_OPEN = 2
_CLOSED = 3

_LOST = 1006
_CRASHED = 1011
_RESTART = 1012


class WebSocketStream(ResponseStream):
    """Connects a WebSocket with its application."""

    __slots__ = ("_close", "_granted", "_messages", "_part", "_state", "_taken", "_told")

    def __init__(self, outbox: Outbox, settings: Settings, number: int, request: str) -> None:
        ResponseStream.__init__(self, outbox, settings, number, request, False)
        self._state = _CONNECTING
        #: The application has received `websocket.connect`.
        self._told = False
        #: Code and reason for `websocket.disconnect`, when known.
        self._close: tuple[int, str] | None = None
        self._messages: deque[tuple[bytes, int]] = deque()
        self._part = b""
        self._granted = False
        #: Bytes that the application has received since the last PULL.
        self._taken = 0

    async def receive(self) -> Event:
        """The `receive` callable of ASGI."""
        if not self._told:
            self._told = True
            return {"type": "websocket.connect"}
        while not self._messages:
            if self._close is not None:
                code, reason = self._close
                return {"type": "websocket.disconnect", "code": code, "reason": reason}
            if self._state == _OPEN and not self._granted:
                self._granted = True
                self.put(PULL, 0, PULL_PAYLOAD.pack(CREDIT))
            await self.wait()
        data, text = self._messages.popleft()
        self._taken += len(data) + MESSAGE_COST
        if self._taken >= CREDIT // 2 and self._close is None:
            self.put(PULL, 0, PULL_PAYLOAD.pack(self._taken))
            self._taken = 0
        if text:
            return {"type": "websocket.receive", "text": data.decode("utf-8", "replace")}
        return {"type": "websocket.receive", "bytes": data}

    async def send(self, event: Any) -> None:
        """The `send` callable of ASGI."""
        kind = require_type(event)
        if self.remainder is not None:
            await self.drain()
        if kind == "websocket.send":
            data, text = parse_message(event)
            if self.window <= 0:
                await self.drain()
            self._require_open(event)
            self.window -= MESSAGE_COST
            self.put_piece(MESSAGE, text, MESSAGE_LAST, data)
        elif kind == "websocket.accept":
            self._accept(event)
        elif kind == "websocket.close":
            self._shut(event)
        elif kind in ("websocket.http.response.start", "websocket.http.response.body"):
            await self._deny(kind, event)
        else:
            raise ProtocolError(f"{kind!r} is not an event of a WebSocket")
        if self.remainder is not None:
            await self.drain()

    def busy(self) -> bool:
        """Whether data has not been sent, or the window has no room for another message."""
        return ResponseStream.busy(self) or (self.window <= 0 and self._state == _OPEN)

    def on_window(self, size: int) -> None:
        """The client has accepted `size` bytes."""
        ResponseStream.on_window(self, size)
        self.wake()

    def end(self) -> None:
        """The application has returned."""
        if self._state == _OPEN:
            self._put_close(NORMAL_CLOSURE, "")
        elif self._state == _CONNECTING and self.gone is None:
            text = "the application returned without accepting or closing the WebSocket"
            self.report("error", text)
            self.refuse(ProtocolError(text))
        elif self._state == _DENYING:
            ResponseStream.end(self)

    def fail(self, error: BaseException) -> None:
        """The application raised."""
        if self._state < _OPEN:
            ResponseStream.fail(self, error)
        elif self.cancelled and isinstance(error, asyncio.CancelledError):
            self._put_close(_RESTART, "")
        elif self._state == _OPEN or not is_disconnect(error):
            self.report("error", summarize(error), format_exception(error))
            self._put_close(_CRASHED, "")

    def on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Handles a frame from Node."""
        if kind == MESSAGE:
            if not flags & MESSAGE_LAST:
                self._part += payload
                return
            if self._part:
                payload = self._part + payload
                self._part = b""
            if self._state == _OPEN:
                self._messages.append((payload, flags & MESSAGE_TEXT))
                self.wake()
        elif kind == CLOSE:
            reason = payload[CLOSE_PAYLOAD.size :].decode("utf-8", "replace")
            self._lose(CLOSE_PAYLOAD.unpack_from(payload)[0], reason)
        elif kind == BROKEN:
            self._lose(_LOST, "")
            if flags & BROKEN_CANCEL:
                self.cancel()
        else:
            ResponseStream.on_frame(self, kind, flags, payload)

    def _accept(self, event: Event) -> None:
        if self._state != _CONNECTING:
            self._require_unanswered(event)
        self.require_client()
        subprotocol = event.get("subprotocol")
        if subprotocol is None:
            subprotocol = ""
        elif not isinstance(subprotocol, str):
            raise TypeError(f"'subprotocol' must be a str, not {kind_of(subprotocol)}")
        elif not is_token(subprotocol):
            raise ProtocolError(f"subprotocol {subprotocol!r} has characters that HTTP forbids")
        lines = make_handshake(event.get("headers") or ())
        self._state = _OPEN
        self.put(ACCEPT, 0, subprotocol.encode() + b"\r\n" + lines)
        # Quart may already wait in `receive` beside its handler.
        self.wake()

    def _shut(self, event: Event) -> None:
        code, reason = parse_close(event)
        if self._state == _CONNECTING:
            self.require_client()
            self.answer(403, b"Forbidden\r\nContent-Length: 0\r\n", b"")
            self._denied()
        else:
            self._require_open(event)
            self._put_close(code, reason)

    async def _deny(self, kind: str, event: Event) -> None:
        if self._state not in (_CONNECTING, _DENYING):
            self._require_unanswered(event)
        if kind == "websocket.http.response.start":
            self.start(event)
            self._state = _DENYING
            return
        if self.body(event):
            await asyncio.sleep(0)
        if self.phase == ENDED:
            self._denied()

    def _denied(self) -> None:
        self._state = _CLOSED
        self._close = _LOST, ""
        self.wake()

    def _require_open(self, event: Event) -> None:
        """Raises `ClientDisconnected` after the end of the WebSocket."""
        if self._state == _OPEN:
            return
        if self._state == _CLOSED:
            raise ClientDisconnected(self.gone or "the WebSocket is closed")
        self.require_client()
        raise unexpected(event, "before the WebSocket was accepted")

    def _require_unanswered(self, event: Event) -> None:
        if self._state == _CLOSED:
            raise ClientDisconnected(self.gone or "the WebSocket is closed")
        raise unexpected(event, "after the handshake was answered")

    def _put_close(self, code: int, reason: str) -> None:
        if self._state != _OPEN:
            return
        self._state = _CLOSED
        self._close = code, reason
        self._messages.clear()
        self.drop_remainder()
        self.put(CLOSE, 0, CLOSE_PAYLOAD.pack(code) + reason.encode())

    def _lose(self, code: int, reason: str) -> None:
        if self.gone is None:
            self.gone = reason or "the WebSocket is closed"
        if self._close is None:
            self._close = code, reason
        if self._state == _OPEN:
            self._state = _CLOSED
        self.drop_remainder()
