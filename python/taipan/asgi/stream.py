"""What requests and WebSockets share: the way out with its window, and who waits."""

from __future__ import annotations

import asyncio
import errno
import os
from typing import TYPE_CHECKING

from taipan.events import ClientDisconnected
from taipan.frames import (
    ABORT,
    DATA,
    DATA_LAST,
    HEADER,
    OPENED,
    OPENED_OK,
    WINDOW_PAYLOAD,
    FrameError,
)
from taipan.frames import WINDOW as WINDOW_FRAME

if TYPE_CHECKING:
    from taipan.asgi.hub import StreamHub

#: Bytes of DATA and MESSAGE that may be ahead of WINDOW.
WINDOW = 256 * 1024
#: Bytes of a body or of messages that Node may send ahead of the application.
CREDIT = 64 * 1024
_PIECE_BYTES = 128 * 1024
_REASON_BYTES = 1024


class Rest:
    """What is left of a piece that did not fit into the window."""

    __slots__ = ("_at", "_data", "final", "flags", "kind", "left")

    def __init__(self, kind: int, flags: int, final: int, data: bytes) -> None:
        self.kind = kind
        #: Flags of each frame, and those that the last one has in addition.
        self.flags = flags
        self.final = final
        self.left = len(data)
        self._data = memoryview(data)
        self._at = 0

    def take(self, size: int) -> bytes | memoryview:
        """The next bytes, at most `size`."""
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        """Nothing more is wanted."""


class FileRest(Rest):
    """What is left of an open file, which is closed in the end."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int, length: int, last: bool) -> None:
        super().__init__(DATA, 0, DATA_LAST if last else 0, b"")
        self.left = length
        self.descriptor = descriptor

    def take(self, size: int) -> bytes:
        """The next bytes. Raises `OSError` when the file has become shorter."""
        piece = os.read(self.descriptor, min(size, self.left))
        if not piece:
            raise OSError(errno.EIO, f"the file ended {self.left} bytes early")
        self.left -= len(piece)
        return piece

    def close(self) -> None:
        """Closes the file."""
        os.close(self.descriptor)


class Stream:
    """One request or WebSocket."""

    __slots__ = (
        "cancelled",
        "file",
        "gone",
        "hub",
        "number",
        "request",
        "rest",
        "returned",
        "started",
        "tail",
        "task",
        "turn",
        "waiters",
        "window",
    )

    def __init__(self, hub: StreamHub, number: int, request: str) -> None:
        self.hub = hub
        self.number = number
        self.request = request
        self.task: asyncio.Task[None] | None = None
        self.started = False
        self.cancelled = False
        self.returned = False
        #: Why nothing more can be sent to the client; None while it can.
        self.gone: str | None = None
        self.window = WINDOW
        self.rest: Rest | None = None
        #: A file that Node was asked to send, until it tells whether it can.
        self.file: FileRest | None = None
        self.waiters: list[asyncio.Future[None]] | None = None
        #: The turn in which the last frame was put out, and its place among those of the turn.
        self.turn = -1
        self.tail = 0

    async def wait(self) -> None:
        """Returns when something has happened. The caller looks what it was."""
        waiter: asyncio.Future[None] = self.hub.loop.create_future()
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
        return self.rest is not None or self.file is not None

    def require_client(self) -> None:
        """Raises `ClientDisconnected` when nobody is there to send to."""
        if self.gone is not None:
            raise ClientDisconnected(errno.ECONNRESET, self.gone)

    def put(self, kind: int, flags: int, payload: bytes = b"") -> None:
        """One frame, whatever the window is."""
        self.hub.put((HEADER.pack(kind, flags, self.number, len(payload)), payload))

    def put_piece(self, kind: int, flags: int, final: int, data: bytes) -> None:
        """A frame that counts against the window; what does not fit follows later."""
        size = len(data)
        if size > self.window and size:
            self.rest = Rest(kind, flags, final, data)
            self.pump()
            return
        self.window -= size
        self.hub.put((HEADER.pack(kind, flags | final, self.number, size), data))

    def pump(self) -> None:
        """Puts out as much of the rest as fits."""
        rest = self.rest
        if rest is None:
            return
        try:
            while rest.left and self.window > 0:
                piece = rest.take(min(self.window, _PIECE_BYTES))
                self.window -= len(piece)
                flags = rest.flags if rest.left else rest.flags | rest.final
                header = HEADER.pack(rest.kind, flags, self.number, len(piece))
                self.hub.put((header, piece))
        except OSError as error:
            self.abort(str(error))
            return
        if not rest.left:
            self.drop_rest()

    def drop_rest(self) -> None:
        """Nothing of it is left, or wanted. The stream ends if only this kept it."""
        for rest in (self.rest, self.file):
            if rest is not None:
                rest.close()
        self.rest = self.file = None
        self.wake()
        if self.returned and not self.busy():
            self.hub.free(self)

    def on_window(self, size: int) -> None:
        """The client took so many bytes."""
        self.window += size
        if self.rest is not None:
            self.pump()

    def on_opened(self, sends: bool) -> None:
        """Node sends the file by itself, or cannot."""
        file = self.file
        if file is not None and not sends:
            self.file = None
            self.rest = file
            self.pump()
        else:
            self.drop_rest()

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
        self.put(ABORT, 0, reason.encode("utf-8", "replace")[:_REASON_BYTES])
        self.drop_rest()

    def cancel(self) -> None:
        """Ends the application."""
        self.cancelled = True
        # A task that has not begun would be cancelled before it can tell that the stream is over.
        if self.started and self.task is not None:
            self.task.cancel()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """One record in the log."""
        self.hub.settings.reporter.report(level, text, traceback)
