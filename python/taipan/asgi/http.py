"""One HTTP request of an ASGI application."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from taipan.asgi.events import Event, require_type
from taipan.asgi.response import ENDED, ResponseStream
from taipan.asgi.scope import Scope
from taipan.asgi.stream import WINDOW
from taipan.frames import (
    BODY,
    BODY_LAST,
    BROKEN,
    BROKEN_CANCEL,
    PULL,
    PULL_PAYLOAD,
    WINDOW_PAYLOAD,
    FrameError,
)
from taipan.frames import WINDOW as WINDOW_FRAME

if TYPE_CHECKING:
    from taipan.asgi.hub import StreamHub


class HttpStream(ResponseStream):
    """The channel between one request and its application."""

    __slots__ = ("_body", "_complete", "_is_1_0", "_parts", "_pulls", "_takes_trailers", "_taken")

    def __init__(
        self, hub: StreamHub, number: int, request: str, scope: Scope, body: bytes | None
    ) -> None:
        ResponseStream.__init__(self, hub, number, request, scope["method"] == "HEAD")
        #: The whole body, until it is taken.
        self._body = body
        self._pulls = body is None
        self._parts: deque[bytes] | None = None
        self._complete = False
        #: Bytes that the application took since the last PULL.
        self._taken = 0
        self._is_1_0 = scope["http_version"] == "1.0"
        self._takes_trailers = False

    async def receive(self) -> Event:
        """What ASGI calls `receive`."""
        while self.phase < ENDED:
            body = self._body
            if body is not None:
                self._body = None
                return {"type": "http.request", "body": body, "more_body": False}
            if self._pulls and (event := self._take()) is not None:
                return event
            if self.gone is not None:
                break
            await self.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: Any) -> None:
        """What ASGI calls `send`."""
        kind = event.get("type") if type(event) is dict else require_type(event)
        if self.rest is not None:
            await self.drain()
        if kind == "http.response.body":
            if self.body(event):
                # An application that only gives empty pieces must not hold the loop.
                await asyncio.sleep(0)
            if self.rest is not None:
                await self.drain()
        elif kind == "http.response.start":
            self.start(event, self._takes_trailers)
        else:
            require_type(event)
            raise NotImplementedError

    def on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """A frame from Node."""
        if kind == WINDOW_FRAME:
            self.on_window(WINDOW_PAYLOAD.unpack(payload)[0])
        elif kind == BODY:
            if self._parts is None:
                self._parts = deque()
            if payload:
                self._parts.append(payload)
            self._complete = bool(flags & BODY_LAST)
            self.wake()
        elif kind == BROKEN:
            self._break(payload.decode("utf-8", "replace"), bool(flags & BROKEN_CANCEL))
        else:
            raise FrameError(f"frame of type {kind} for an HTTP request")

    def _take(self) -> Event | None:
        parts = self._parts
        if parts is None:
            # Told once: the first PULL lets a client go on that waits for 100 Continue.
            self._parts = deque()
            self.put(PULL, 0, PULL_PAYLOAD.pack(WINDOW))
            return None
        if not parts:
            if not self._complete:
                return None
            self._pulls = False
            return {"type": "http.request", "body": b"", "more_body": False}
        part = parts.popleft()
        self._pulls = more = bool(parts) or not self._complete
        self._taken += len(part)
        if not self._complete and self._taken >= WINDOW // 2:
            self.put(PULL, 0, PULL_PAYLOAD.pack(self._taken))
            self._taken = 0
        return {"type": "http.request", "body": part, "more_body": more}

    def _break(self, reason: str, cancel: bool) -> None:
        if self.gone is None:
            self.gone = reason
        self.drop_rest()
        if cancel and self.phase != ENDED:
            self.cancel()
