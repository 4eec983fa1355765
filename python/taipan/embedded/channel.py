"""The control channel of a worker inside Node, where Node's thread must not wait for itself."""

from __future__ import annotations

import json
import os
from socket import SHUT_RDWR

from taipan import frames
from taipan.control import ControlChannel, Message
from taipan.embedded import node_thread
from taipan.embedded.shared import tell_parent
from taipan.native import Empty, NativeThread, SimpleQueue, sleep, socket

#: Most characters of records that Node has not read: then other threads wait, and Node's drops.
_LIMIT = 16 * 1024 * 1024
_WAIT_SECONDS = 0.005
#: Loading may hold Node's thread for ever, or end the process; only the parent starts another one.
_FOR_PARENT = ("loading", "place", "changed")


class InnerChannel(ControlChannel):
    """A control channel that sends in its own thread."""

    def __init__(self, sock: socket) -> None:
        super().__init__(sock)
        #: Name of the process group.
        self.group = ""
        self._inner = sock
        self._waiting: SimpleQueue[Message | None] = SimpleQueue()
        self._pending = 0
        self._dropped = 0
        self._sender = NativeThread(self._send_all, "taipan-sender", listed=False)
        self._sender.start()

    def send(self, message: Message) -> None:
        """Queues a message; drops a log record if too much is queued and the caller cannot wait."""
        if self.closed or os.getpid() != self._process:
            return
        if message["type"] == "log":
            size = _size(message)
            while self._pending > _LIMIT and not self.closed:
                if node_thread.is_current():
                    self._dropped += 1
                    return
                sleep(_WAIT_SECONDS)
            self._pending += size
        elif message["type"] in _FOR_PARENT:
            tell_parent({**message, "group": self.group})
        self._waiting.put(message)

    def flush(self) -> None:
        """Does nothing, because the thread sends."""

    def close(self) -> None:
        """Closes the channel after all queued messages, without waiting."""
        self._waiting.put(None)

    def take_unsent(self) -> list[Message]:
        """Returns the queued messages that Node will not read, because the process ends."""
        self.closed = True
        messages: list[Message] = []
        while True:
            try:
                message = self._waiting.get_nowait()
            except Empty:
                return messages
            if message is not None:
                messages.append(message)

    def _send_all(self) -> None:
        while True:
            message = self._waiting.get()
            if message is None:
                break
            self._send(message)
            if message["type"] == "log":
                # Approximate: threads may overwrite each other's updates.
                self._pending = max(0, self._pending - _size(message))
                if self._waiting.empty():
                    self._pending = 0
            if self._dropped and self._pending <= _LIMIT // 2:
                dropped, self._dropped = self._dropped, 0
                self._send(_drop_notice(dropped))
        self.closed = True
        try:
            self._inner.shutdown(SHUT_RDWR)
        except OSError:
            pass

    def _send(self, message: Message) -> None:
        if self.closed:
            return
        text = json.dumps(message, separators=(",", ":"), default=str)
        try:
            self._inner.sendall(frames.encode(frames.CONTROL, 0, text.encode("ascii")))
        except OSError:
            self.closed = True

    def _read(self) -> bytes:
        # Node's parent process does not matter here.
        try:
            return self._inner.recv(65536)
        except OSError:
            return b""


def _size(message: Message) -> int:
    texts = len(message.get("text", "")) + len(message.get("traceback") or "")
    return 200 + texts + (len(repr(message["fields"])) if "fields" in message else 0)


def _drop_notice(count: int) -> Message:
    return {
        "type": "log",
        "stream": "worker",
        "level": "warning",
        "request": None,
        "text": f"{count} log records were dropped: they came faster than they could be written",
    }
