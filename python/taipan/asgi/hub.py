"""The hub between the frames of Node and the ASGI applications of one event loop."""

from __future__ import annotations

import asyncio
import marshal
import sys
from collections.abc import Sequence
from typing import Any, Callable

from taipan.asgi.http import HttpStream
from taipan.asgi.response import ENDED, ResponseStream
from taipan.asgi.scope import Scope, complete_http
from taipan.events import Settings
from taipan.frames import (
    DATA,
    DATA_FREE,
    DATA_LAST,
    FREE,
    HEADER,
    PAYLOAD_LIMIT,
    REQUEST,
    FrameError,
)
from taipan.loader.slot import Slot
from taipan.logs import CURRENT_REQUEST

_EAGER = sys.version_info >= (3, 12)
_EMPTY = b""


class StreamHub:
    """Takes bytes of frames, runs applications as tasks, and gives bytes of frames.

    Everything is called on the thread of the event loop.
    """

    def __init__(
        self, slots: Sequence[Slot], settings: Settings, on_output: Callable[[], None]
    ) -> None:
        self.settings = settings
        #: Called when there is output after there was none.
        self.on_output = on_output
        self.loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment]
        #: Frames in pieces, and how often they have been taken.
        self.out: list[bytes | memoryview] = []
        self.turn = 0
        #: Streams whose application has not returned.
        self.active = 0
        self._slots = slots
        self._streams: dict[int, ResponseStream] = {}
        self._pending = bytearray()
        self._missing = 0
        self._states: list[dict[str, Any]] = [{} for _ in slots]

    def receive(self, data: bytes | bytearray | memoryview) -> None:
        """Takes the next bytes from Node. Raises `FrameError`."""
        if self._pending:
            self._pending += data
            if len(self._pending) < self._missing:
                return
            data = bytes(self._pending)
            self._pending.clear()
        elif type(data) is not bytes:
            data = bytes(data)
        size = len(data)
        at = 0
        unpack = HEADER.unpack_from
        streams = self._streams
        while size - at >= 8:
            kind, flags, number, length = unpack(data, at)
            start = at + 8
            at = start + length
            if at > size:
                if length > PAYLOAD_LIMIT:
                    raise FrameError(f"a frame of type {kind} announces {length} bytes")
                at = start - 8
                self._missing = 8 + length
                break
            if kind == REQUEST:
                self._begin(number, data[start:at])
            elif (stream := streams.get(number)) is not None:
                stream.on_frame(kind, flags, data[start:at])
        else:
            self._missing = 8
        if at < size:
            self._pending += memoryview(data)[at:]

    def take_output(self) -> bytes:
        """All frames since the last call."""
        self.turn += 1
        out = self.out
        data = _EMPTY.join(out)
        out.clear()
        return data

    def put(self, parts: tuple[bytes | memoryview, ...]) -> None:
        """Adds the header and the payload of a frame."""
        out = self.out
        if out:
            out += parts
        else:
            out += parts
            self.on_output()

    def free(self, stream: ResponseStream) -> None:
        """The stream is over."""
        if self._streams.pop(stream.number, None) is None:
            return
        out = self.out
        if stream.turn == self.turn:
            tail = stream.tail
            out[tail] = HEADER.pack(DATA, DATA_LAST | DATA_FREE, stream.number, len(out[tail + 1]))
        else:
            self.put((HEADER.pack(FREE, 0, stream.number, 0),))

    async def startup(self) -> None:
        """Starts the lifespans of the applications."""
        self.loop = asyncio.get_running_loop()

    async def shutdown(self) -> None:
        """Cancels what is left and ends the lifespans."""

    def _begin(self, number: int, payload: bytes) -> None:
        index, request, scope, body = marshal.loads(payload)
        if number in self._streams:
            raise FrameError(f"stream {number} was begun while it was in use")
        complete_http(scope, self._states[index])
        stream = HttpStream(self, number, request, scope, body)
        self._streams[number] = stream
        self.active += 1
        coroutine = self._run(stream, self._slots[index], scope)
        stream.task = asyncio.Task(coroutine, loop=self.loop)

    async def _run(self, stream: ResponseStream, slot: Slot, scope: Scope) -> None:
        stream.started = True
        CURRENT_REQUEST.set(stream.request)
        try:
            if not stream.cancelled:
                await slot.application(scope, stream.receive, stream.send)  # type: ignore
                if stream.phase != ENDED:
                    stream.end()
        except BaseException as error:
            stream.fail(error)
        self.settings.reporter.end_request()
        self.active -= 1
        stream.returned = True
        if not stream.busy():
            self.free(stream)
