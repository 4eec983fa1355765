"""Common parts of requests and WebSockets: output with its window, and waiting."""

from __future__ import annotations

import asyncio
import errno
from typing import Callable

from taipan.asgi import cancelled
from taipan.asgi.outbox import Outbox
from taipan.asgi.remainder import FileRemainder, Remainder
from taipan.asgi.scope import Scope
from taipan.events import ClientDisconnected, Settings
from taipan.frames import (
    ABORT,
    HEADER,
    OPENED,
    OPENED_OK,
    WINDOW_PAYLOAD,
    FrameError,
    encode_reason,
)
from taipan.frames import WINDOW as WINDOW_FRAME

#: Bytes of DATA and MESSAGE that may be sent before a WINDOW frame.
WINDOW = 256 * 1024
#: Bytes of a body or of messages that Node may send before they are received.
CREDIT = 64 * 1024
_PIECE_BYTES = 128 * 1024


class Stream:
    """A request or WebSocket."""

    __slots__ = (
        "cancelled",
        "file",
        "gone",
        "index",
        "number",
        "on_over",
        "outbox",
        "remainder",
        "request",
        "returned",
        "scope",
        "settings",
        "started",
        "tail",
        "task",
        "turn",
        "waiters",
        "window",
    )

    def __init__(self, outbox: Outbox, settings: Settings, number: int, request: str) -> None:
        self.outbox = outbox
        self.settings = settings
        self.number = number
        self.request = request
        #: Of its application.
        self.index = 0
        self.scope: Scope = {}
        self.task: asyncio.Task[None] | None = None
        self.started = False
        self.cancelled = False
        self.returned = False
        #: Called when the stream is over; set when its application has returned.
        self.on_over: Callable[[Stream], None] | None = None
        #: Why nothing more can be sent to the client; None if it can.
        self.gone: str | None = None
        self.window = WINDOW
        self.remainder: Remainder | None = None
        #: A file that Node was asked to send, until its answer.
        self.file: FileRemainder | None = None
        self.waiters: list[asyncio.Future[None]] | None = None
        #: Turn of the last frame, and its position in the output of that turn.
        self.turn = -1
        self.tail = 0

    async def wait(self) -> None:
        """Waits for any event. The caller checks which one it was."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.waiters is None:
            self.waiters = [waiter]
        else:
            self.waiters.append(waiter)
        try:
            await waiter
        finally:
            self.waiters.remove(waiter)

    def wake(self) -> None:
        """Wakes all waiters."""
        if self.waiters:
            for waiter in self.waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def drain(self) -> None:
        """Waits until all data has been sent. Raises `ClientDisconnected`."""
        while self.busy():
            await self.wait()
        self.require_client()

    def busy(self) -> bool:
        """Whether data has not been sent yet."""
        return self.remainder is not None or self.file is not None

    def require_client(self) -> None:
        """Raises `ClientDisconnected` if the client cannot receive anything."""
        if self.gone is not None:
            raise ClientDisconnected(errno.ECONNRESET, self.gone)

    def put(self, kind: int, flags: int, payload: bytes = b"") -> None:
        """Sends a frame whatever the window allows."""
        self.outbox.put((HEADER.pack(kind, flags, self.number, len(payload)), payload))

    def put_piece(self, kind: int, flags: int, final: int, data: bytes) -> None:
        """Sends data within the window; the rest follows later."""
        size = len(data)
        if size > self.window and size:
            self.remainder = Remainder(kind, flags, final, data)
            self.pump()
            return
        self.window -= size
        self.outbox.put((HEADER.pack(kind, flags | final, self.number, size), data))

    def pump(self) -> None:
        """Sends as much of the remainder as the window allows."""
        remainder = self.remainder
        if remainder is None:
            return
        try:
            while remainder.left and self.window > 0:
                piece = remainder.take(min(self.window, _PIECE_BYTES))
                self.window -= len(piece)
                flags = remainder.flags if remainder.left else remainder.flags | remainder.final
                header = HEADER.pack(remainder.kind, flags, self.number, len(piece))
                self.outbox.put((header, piece))
        except OSError as error:
            self.abort(str(error))
            return
        if not remainder.left:
            self.drop_remainder()

    def drop_remainder(self) -> None:
        """Drops the remainder. The stream is over if it waited only for that."""
        for remainder in (self.remainder, self.file):
            if remainder is not None:
                remainder.close()
        self.remainder = self.file = None
        self.wake()
        if self.on_over is not None and not self.busy():
            self.on_over(self)

    def on_window(self, size: int) -> None:
        """The client has accepted `size` bytes."""
        self.window += size
        if self.remainder is not None:
            self.pump()

    def on_opened(self, sends: bool) -> None:
        """Node answers whether it sends the file."""
        file = self.file
        if file is not None and not sends:
            self.file = None
            self.remainder = file
            self.pump()
        else:
            self.drop_remainder()

    def on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Handles a frame from Node. Raises `FrameError` for an unexpected one."""
        if kind == WINDOW_FRAME:
            self.on_window(WINDOW_PAYLOAD.unpack(payload)[0])
        elif kind == OPENED:
            self.on_opened(bool(flags & OPENED_OK))
        else:
            raise FrameError(f"unexpected frame of type {kind} for stream {self.number}")

    def abort(self, reason: str) -> None:
        """Aborts the response, because it cannot be completed."""
        self.gone = self.gone or reason
        self.put(ABORT, 0, encode_reason(reason))
        self.drop_remainder()

    def cancel(self) -> None:
        """Cancels the application."""
        cancelled.note(self.request, self.task)
        self.cancelled = True
        # A task that is cancelled before its first step could not report that the stream is over.
        if self.started and self.task is not None:
            self.task.cancel()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """Logs one record."""
        self.settings.reporter.report(level, text, traceback)
