"""The control channel of a worker: JSON messages on its own socket, served by a thread."""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Callable, NoReturn

from taipan import frames
from taipan.native import POLLIN, NativeThread, allocate_lock, get_ident, poll, socket

Message = Mapping[str, Any]


class ControlChannel:
    """Sends and receives messages. Sending is safe in signal handlers and destructors."""

    def __init__(self, sock: socket) -> None:
        self._attach(sock)
        self._parent = os.getppid()
        #: The process of Node, where that is not the parent.
        self._server: int | None = None

    def _attach(self, sock: socket) -> None:
        self._socket = sock
        self._decoder = frames.Decoder()
        self._queue: deque[bytes] = deque()
        self._lock = allocate_lock()
        #: Threads that are sending. Not an RLock, which eventlet reports as not released.
        self._senders: set[int] = set()
        self._poll = poll()
        self._poll.register(sock, POLLIN)
        self._process = os.getpid()
        self.closed = False

    def move_to_child(self, open_socket: Callable[[], socket], server: int) -> None:
        """Goes on in a forked process, on a socket of its own to the process `server`."""
        self._socket.close()
        self._attach(open_socket())
        self._server = server

    def fileno(self) -> int:
        """The descriptor of the channel."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Sends a message; no effect when the other side has closed."""
        text = json.dumps(message, separators=(",", ":"), default=str)
        self.send_payload(text.encode("ascii"))

    def send_payload(self, payload: bytes, tag: int = 0) -> None:
        """As `send`, with the payload of a frame."""
        self._queue.append(frames.encode(frames.CONTROL, 0, payload, tag))
        self.flush()

    def flush(self) -> None:
        """Sends what is queued. Drops it in a forked child, because the channel is the parent's."""
        if os.getpid() != self._process:
            self._queue.clear()
            return
        ident = get_ident()
        if ident in self._senders:
            # Called by a destructor or signal handler that interrupted a send of this thread.
            return
        self._senders.add(ident)
        try:
            with self._lock:
                while self._queue:
                    self._socket.sendall(self._queue.popleft())
        except OSError:
            self.closed = True
            self._queue.clear()
        finally:
            self._senders.discard(ident)

    def receive(self) -> Message:
        """Waits for the first message, the configuration."""
        for message in self.messages():
            return message
        raise EOFError("the control channel ended before the configuration arrived")

    def messages(self) -> Iterator[Message]:
        """Yields messages until the channel ends or the parent process changes."""
        while True:
            yield from self._decode()
            while not self._poll.poll(1000):
                if self.orphaned:
                    return
                self.flush()
            data = self._read()
            if not data:
                return
            self._decoder.feed(data)

    def take_pending(self) -> list[Message]:
        """The messages that have arrived together with the last one that was taken."""
        return list(self._decode())

    def take_messages(self) -> list[Message] | None:
        """The messages that have arrived, where there is input; None at the end of the channel."""
        data = self._read()
        if not data:
            return None
        self._decoder.feed(data)
        return list(self._decode())

    @property
    def orphaned(self) -> bool:
        """The parent process has ended; a copy of its end elsewhere keeps the channel open."""
        if self._server is None:
            return os.getppid() != self._parent
        try:
            os.kill(self._server, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            # It has another user.
            pass
        return False

    def _decode(self) -> Iterator[Message]:
        for frame in self._decoder.frames():
            if frame.kind != frames.CONTROL:
                raise frames.FrameError(
                    f"unexpected frame of type {frame.kind} on the control channel"
                )
            yield json.loads(frame.payload)

    def _read(self) -> bytes:
        try:
            return self._socket.recv(65536)
        except ConnectionError:
            return b""


class ControlThread:
    """Serves the channel until it ends, independent of the application's threads."""

    def __init__(
        self,
        channel: ControlChannel,
        handlers: Mapping[str, Callable[[Message], None]],
        on_end: Callable[[], None],
    ) -> None:
        self._channel = channel
        self._handlers = handlers
        self._on_end = on_end

    def start(self) -> None:
        """Starts the thread."""
        NativeThread(self._run, "taipan-control", listed=False).start()

    def _run(self) -> None:
        try:
            for message in self._channel.messages():
                handler = self._handlers.get(str(message.get("type")))
                if handler is not None:
                    handler(message)
        except BaseException as error:
            write_error(f"taipan: the control channel of this worker failed: {error!r}\n")
        self._on_end()


def write_error(text: str) -> None:
    """Writes where nobody else can be told."""
    try:
        os.write(2, text.encode("utf-8", "replace"))
    except OSError:
        pass


def quiet_exit(code: int) -> NoReturn:
    """Ends the process immediately, without waiting for threads."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    os._exit(code)
