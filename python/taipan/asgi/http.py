"""An HTTP request of an ASGI application."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from taipan.asgi.events import Event, ProtocolError, require_key, require_type, unexpected
from taipan.asgi.head import make_links
from taipan.asgi.outbox import Outbox
from taipan.asgi.response import ResponseStream
from taipan.asgi.response_writer import ENDED, STARTED
from taipan.asgi.scope import Offers
from taipan.asgi.stream import WINDOW
from taipan.events import BODY_KEY, Settings
from taipan.frames import (
    BODY,
    BODY_LAST,
    BROKEN,
    BROKEN_CANCEL,
    BROKEN_HALF,
    HINTS,
    PULL,
    PULL_PAYLOAD,
)

_EXTENSIONS = frozenset(
    (
        "http.response.debug",
        "http.response.early_hint",
        "http.response.push",
        "http.response.trailers",
        "http.response.zerocopysend",
    )
)


class HttpStream(ResponseStream):
    """Connects a request with its application."""

    __slots__ = (
        "_body",
        "_complete",
        "_left",
        "_offers",
        "_parts",
        "_pulls",
        "_received",
        "_taken",
    )

    def __init__(
        self,
        outbox: Outbox,
        settings: Settings,
        number: int,
        request: str,
        is_head: bool,
        body: bytes | None,
        offers: Offers,
    ) -> None:
        ResponseStream.__init__(self, outbox, settings, number, request, is_head)
        #: The complete body, until the application receives it.
        self._body = body
        #: The same afterwards, for the description of an error.
        self._received = body if settings.dev is not None else None
        self._pulls = body is None
        #: Set after a half-close of the client, which has probably disconnected; the reason.
        self._left = ""
        self._parts: deque[bytes] | None = None
        self._complete = False
        #: Bytes that the application has received since the last PULL.
        self._taken = 0
        self._offers = offers

    @property
    def described(self) -> Mapping[str, Any]:
        """With the body, if it has arrived whole."""
        return {**self.scope, BODY_KEY: self._received or b""}

    async def receive(self) -> Event:
        """The `receive` callable of ASGI."""
        while self.phase < ENDED:
            body = self._body
            if body is not None:
                self._body = None
                return {"type": "http.request", "body": body, "more_body": False}
            if self._pulls and (event := self._take()) is not None:
                return event
            if self.gone is not None:
                break
            if self._left and not self._pulls:
                # Once the application knows of the disconnect, its sends fail, too.
                self.gone = self._left
                break
            await self.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: Any) -> None:
        """The `send` callable of ASGI."""
        kind = event.get("type") if type(event) is dict else require_type(event)
        if self.remainder is not None or self.file is not None:
            await self.drain()
        if kind == "http.response.body":
            if self.body(event):
                # An application that only sends empty pieces must not block the loop.
                await asyncio.sleep(0)
            if self.remainder is not None:
                await self.drain()
        elif kind == "http.response.start":
            self.start(event, "http.response.trailers" in self._offers)
        elif kind == "http.response.pathsend":
            self.path(event)
            if self.busy():
                await self.drain()
        else:
            self._extend(require_type(event), event)

    def on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Handles a frame from Node."""
        if kind == BODY:
            if self._parts is None:
                self._parts = deque()
            if payload:
                self._parts.append(payload)
            self._complete = bool(flags & BODY_LAST)
            self.wake()
        elif kind == BROKEN:
            reason = payload.decode("utf-8", "replace")
            if flags & BROKEN_HALF:
                self._left = reason or "the client has finished sending"
                self.wake()
            else:
                self._break(reason, bool(flags & BROKEN_CANCEL))
        else:
            ResponseStream.on_frame(self, kind, flags, payload)

    def _extend(self, kind: str, event: Event) -> None:
        """Handles events of extensions."""
        if kind not in self._offers:
            if kind in _EXTENSIONS:
                raise ProtocolError(f"{kind} was sent, but the scope does not offer this extension")
            raise ProtocolError(f"{kind!r} is not an event of an HTTP response")
        if kind == "http.response.trailers":
            self.trailers(event)
        else:
            self._hint(event)

    def _hint(self, event: Event) -> None:
        if self.phase >= ENDED:
            return
        if self.phase > STARTED:
            raise unexpected(event, "after the head of the response")
        self.require_client()
        self.put(HINTS, 0, make_links(require_key(event, "links")))

    def _take(self) -> Event | None:
        parts = self._parts
        if parts is None:
            # Only now, because the first PULL makes Node send 100 Continue.
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
        self.drop_remainder()
        if cancel and self.phase != ENDED:
            self.cancel()
