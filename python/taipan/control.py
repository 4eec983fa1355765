"""The control channel of a worker: JSON messages on a socket of its own, served by a thread."""

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
    """Sends and receives messages. Signal handlers and destructors may send, too."""

    def __init__(self, sock: socket) -> None:
        self._socket = sock
        self._decoder = frames.Decoder()
        self._queue: deque[bytes] = deque()
        self._lock = allocate_lock()
        #: Threads that send or are about to. Not RLock, which eventlet counts as forgotten.
        self._senders: set[int] = set()
        self._poll = poll()
        self._poll.register(sock, POLLIN)
        self._parent = os.getppid()
        self._process = os.getpid()
        self.closed = False

    def fileno(self) -> int:
        """The descriptor below the channel."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Sends a message; does nothing once the other side is gone."""
        text = json.dumps(message, separators=(",", ":"), default=str)
        self._queue.append(frames.encode(frames.CONTROL, 0, text.encode("ascii")))
        self.flush()

    def flush(self) -> None:
        """Sends what is queued. A forked child drops it: the channel belongs to the parent."""
        if os.getpid() != self._process:
            self._queue.clear()
            return
        ident = get_ident()
        if ident in self._senders:
            # A destructor or a signal handler that logs while its own thread is sending.
            return
        self._senders.add(ident)
        try:
            with self._lock:
                while self._queue:
                    self._socket.sendall(self._queue.popleft())
        except OSError as error:
            # An injected TimeoutError has no number; it is meant for the application.
            if error.errno is None:
                raise
            self.closed = True
            self._queue.clear()
        finally:
            self._senders.discard(ident)

    def receive(self) -> Message:
        """Waits for the first message; used once, for the configuration."""
        for message in self.messages():
            return message
        raise EOFError("the control channel ended before the configuration came")

    def messages(self) -> Iterator[Message]:
        """Messages as they come, until the channel ends or the parent is another."""
        while True:
            for frame in self._decoder.frames():
                if frame.kind != frames.CONTROL:
                    raise frames.FrameError(f"frame of type {frame.kind} on the control channel")
                yield json.loads(frame.payload)
            data = self._read()
            if not data:
                return
            self._decoder.feed(data)

    def _read(self) -> bytes:
        while not self._poll.poll(1000):
            # The end of the channel can be missed when another process holds a copy of Node's side.
            if os.getppid() != self._parent:
                return b""
            self.flush()
        try:
            return self._socket.recv(65536)
        except ConnectionError:
            return b""


class ControlThread:
    """Serves the channel until it ends, whatever the application's threads do."""

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
        NativeThread(self._run, "taipan-control").start()

    def _run(self) -> None:
        try:
            for message in self._channel.messages():
                handler = self._handlers.get(str(message.get("type")))
                if handler is not None:
                    handler(message)
        except BaseException as error:
            try:
                os.write(
                    2, f"taipan: the control channel of this worker failed: {error!r}\n".encode()
                )
            except OSError:
                pass
        self._on_end()


def quiet_exit(code: int) -> NoReturn:
    """Ends the process at once, without waiting for any thread."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            pass
    os._exit(code)
