"""What requests and WebSockets share: the way out with its window, and who waits."""

from __future__ import annotations

import asyncio
import errno
from typing import Callable

from taipan.asgi import cancelled
from taipan.asgi.outbox import Outbox
from taipan.asgi.remainder import FileRemainder, Remainder
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

#: Bytes of DATA and MESSAGE that may be ahead of WINDOW.
WINDOW = 256 * 1024
#: Bytes of a body or of messages that Node may send ahead of the application.
CREDIT = 64 * 1024
_PIECE_BYTES = 128 * 1024


class Stream:
    """One request or WebSocket."""

    __slots__ = (
        "cancelled",
        "file",
        "gone",
        "number",
        "on_over",
        "outbox",
        "remainder",
        "request",
        "returned",
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
        self.task: asyncio.Task[None] | None = None
        self.started = False
        self.cancelled = False
        self.returned = False
        #: Called when nothing keeps the stream any more; set when its application has returned.
        self.on_over: Callable[[Stream], None] | None = None
        #: Why nothing more can be sent to the client; None while it can.
        self.gone: str | None = None
        self.window = WINDOW
        self.remainder: Remainder | None = None
        #: A file that Node was asked to send, until it tells whether it can.
        self.file: FileRemainder | None = None
        self.waiters: list[asyncio.Future[None]] | None = None
        #: The turn in which the last frame was put out, and its place among those of the turn.
        self.turn = -1
        self.tail = 0

    async def wait(self) -> None:
        """Returns when something has happened. The caller looks what it was."""
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
        """Lets everybody look who waits."""
        if self.waiters:
            for waiter in self.waiters:
                if not waiter.done():
                    waiter.set_result(None)

    async def drain(self) -> None:
        """Waits until everything that was given is out. Raises `ClientDisconnected`."""
        while self.busy():
            await self.wait()
        self.require_client()

    def busy(self) -> bool:
        """Something that was given has not gone out yet."""
        return self.remainder is not None or self.file is not None

    def require_client(self) -> None:
        """Raises `ClientDisconnected` when nobody is there to send to."""
        if self.gone is not None:
            raise ClientDisconnected(errno.ECONNRESET, self.gone)

    def put(self, kind: int, flags: int, payload: bytes = b"") -> None:
        """One frame, whatever the window is."""
        self.outbox.put((HEADER.pack(kind, flags, self.number, len(payload)), payload))

    def put_piece(self, kind: int, flags: int, final: int, data: bytes) -> None:
        """A frame that counts against the window; what does not fit follows later."""
        size = len(data)
        if size > self.window and size:
            self.remainder = Remainder(kind, flags, final, data)
            self.pump()
            return
        self.window -= size
        self.outbox.put((HEADER.pack(kind, flags | final, self.number, size), data))

    def pump(self) -> None:
        """Puts out as much of the remainder as fits."""
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
        """Nothing of it is left, or wanted. The stream ends if only this kept it."""
        for remainder in (self.remainder, self.file):
            if remainder is not None:
                remainder.close()
        self.remainder = self.file = None
        self.wake()
        if self.on_over is not None and not self.busy():
            self.on_over(self)

    def on_window(self, size: int) -> None:
        """The client took so many bytes."""
        self.window += size
        if self.remainder is not None:
            self.pump()

    def on_opened(self, sends: bool) -> None:
        """Node sends the file by itself, or cannot."""
        file = self.file
        if file is not None and not sends:
            self.file = None
            self.remainder = file
            self.pump()
        else:
            self.drop_remainder()

    def on_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """A frame from Node. Raises `FrameError` for one that may not come."""
        if kind == WINDOW_FRAME:
            self.on_window(WINDOW_PAYLOAD.unpack(payload)[0])
        elif kind == OPENED:
            self.on_opened(bool(flags & OPENED_OK))
        else:
            raise FrameError(f"a frame of type {kind} came for stream {self.number}")

    def abort(self, reason: str) -> None:
        """The response cannot be finished."""
        self.gone = self.gone or reason
        self.put(ABORT, 0, encode_reason(reason))
        self.drop_remainder()

    def cancel(self) -> None:
        """Ends the application."""
        cancelled.note(self.request, self.task)
        self.cancelled = True
        # A task that has not begun would be cancelled before it can tell that the stream is over.
        if self.started and self.task is not None:
            self.task.cancel()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """One record in the log."""
        self.settings.reporter.report(level, text, traceback)
