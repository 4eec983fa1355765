"""`environ["taipan.websocket"]`."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import Callable, Protocol, Union

from taipan.fields import is_token
from taipan.frames import (
    ACCEPT,
    BROKEN,
    CLOSE,
    CLOSE_PAYLOAD,
    MESSAGE,
    MESSAGE_COST,
    MESSAGE_LAST,
    MESSAGE_TEXT,
    PULL,
    PULL_PAYLOAD,
    WINDOW,
    WINDOW_PAYLOAD,
)
from taipan.wsgi.head import make_head

Message = Union[str, bytes]

#: Bytes that may be on their way to a client.
_WINDOW = 256 * 1024
#: Bytes of messages that Node may send before they are received.
_CREDIT = 64 * 1024
_PIECE_BYTES = 128 * 1024
#: RFC 6455, 5.5: a control frame has up to 125 bytes, two of them for the code.
_REASON_BYTES = 123
#: The control thread may have read what a waiting thread was to be woken by.
_LOOK_SECONDS = 0.5

#: Fields of a handshake that Node gives.
_HANDSHAKE = frozenset(
    (
        "connection",
        "upgrade",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-protocol",
    )
)

_NORMAL = 1000
_LOST = 1006


class WebSocketClosed(ConnectionError):
    """The WebSocket is closed; `code` and `reason` say why (RFC 6455, 7.4)."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"the WebSocket is closed: {code} {reason}".rstrip())
        self.code = code
        self.reason = reason


class FrameLine(Protocol):
    """Moves frames about the present request."""

    def put_frame(self, kind: int, flags: int, payload: bytes) -> None:
        """Sends a frame."""

    def wait_for_frames(self, seconds: float) -> None:
        """Waits for frames, and hands them to whoever takes them."""


class WebSocket:
    """A handshake that the application may accept, and the WebSocket after that.

    All methods are safe in any thread, as long as the application has not returned.
    """

    def __init__(self, line: FrameLine, offered: str, may_accept: Callable[[], bool]) -> None:
        #: Subprotocols that the client offers, in its order.
        self.subprotocols = tuple(filter(None, offered.split(",")))
        #: The one that was accepted.
        self.subprotocol: str | None = None
        #: Code and reason of the close; None while it is open.
        self.code: int | None = None
        self.reason = ""
        #: The handshake has been answered by `accept`.
        self.accepted = False
        self._line = line
        self._may_accept = may_accept
        self._messages: deque[tuple[bytes, bool]] = deque()
        self._part = bytearray()
        self._window = _WINDOW
        #: Bytes that were received since the last PULL; None before the first one.
        self._taken: int | None = None
        #: Node was asked to close it.
        self._asked = False
        #: Node tells nothing more.
        self._settled = False
        self._news = threading.Condition()
        #: A thread waits for frames, and wakes the others.
        self._reads = False
        #: Held while a message is sent, so that its pieces stay together.
        self._sending = threading.Lock()
        #: Held while a frame is written.
        self._writing = threading.Lock()

    @property
    def closed(self) -> bool:
        """Whether it was closed by either side, or the connection was lost."""
        return self.code is not None

    def accept(
        self, subprotocol: str | None = None, headers: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Answers the handshake. Raises `WebSocketClosed` if the client has left.

        `subprotocol` is one that the client offers; `headers` are added to the answer.
        """
        if self.accepted:
            raise RuntimeError("the WebSocket was accepted already")
        if not self._may_accept():
            raise RuntimeError("the handshake was answered by a response already")
        self._require_open()
        if subprotocol is not None and not is_token(subprotocol):
            raise ValueError(f"subprotocol {subprotocol!r} has characters that HTTP forbids")
        lines = _encode_fields(headers)
        self._put(ACCEPT, 0, (subprotocol or "").encode("ascii") + b"\r\n" + lines)
        self.accepted = True
        self.subprotocol = subprotocol

    def receive(self, timeout: float | None = None) -> Message | None:
        """The next message, text as `str`; None after `timeout` seconds without one.

        Raises `WebSocketClosed` at the end.
        """
        self._require_accepted()
        self._pull()
        if not self._wait(lambda: bool(self._messages) or self.closed, timeout):
            return None
        try:
            data, is_text = self._messages.popleft()
        except IndexError:
            self._require_open()
            return None
        assert self._taken is not None
        self._taken += len(data) + MESSAGE_COST
        self._pull()
        return data.decode("utf-8", "replace") if is_text else data

    def __iter__(self) -> Iterator[Message]:
        """Messages until it is closed."""
        try:
            while True:
                message = self.receive()
                if message is not None:
                    yield message
        except WebSocketClosed:
            return

    def send(self, message: Message) -> None:
        """Sends a message; waits while the client does not keep up.

        Raises `WebSocketClosed`.
        """
        if isinstance(message, str):
            self.send_piece(message.encode("utf-8"), is_text=True, last=True)
        elif isinstance(message, (bytes, bytearray, memoryview)):
            self.send_piece(bytes(message), is_text=False, last=True)
        else:
            raise TypeError(f"send() takes str or bytes, not {type(message).__name__}")

    def send_piece(self, data: bytes, *, is_text: bool, last: bool) -> None:
        """Sends a piece of a message, and its end if it is the `last` one."""
        self._require_accepted()
        kind = MESSAGE_TEXT if is_text else 0
        with self._sending:
            at = 0
            while True:
                self._wait(lambda: self._window > 0 or self.closed, None)
                self._require_open()
                piece = data[at : at + _PIECE_BYTES]
                at += len(piece)
                ends = at >= len(data)
                final = MESSAGE_LAST if ends and last else 0
                with self._news:
                    self._window -= len(piece) + (MESSAGE_COST if final else 0)
                self._put(MESSAGE, kind | final, piece)
                if ends:
                    return

    def close(self, code: int = _NORMAL, reason: str = "") -> None:
        """Closes it; does nothing if it is closed. `reason` has up to 123 bytes of UTF-8."""
        self._require_accepted()
        # RFC 6455, 7.4, and codes registered later.
        if not (1000 <= code <= 1003 or 1007 <= code <= 1014 or 3000 <= code <= 4999):
            raise ValueError(f"close() must not use code {code}")
        text = reason.encode("utf-8")
        if len(text) > _REASON_BYTES:
            raise ValueError(f"the reason is longer than {_REASON_BYTES} bytes")
        with self._news:
            if self.closed:
                return
            self._end(code, reason)
        self._ask(code, text)

    def take_frame(self, kind: int, flags: int, payload: bytes) -> bool:
        """Takes a frame of Node; False if it is not about a WebSocket."""
        with self._news:
            if kind == MESSAGE:
                self._part += payload
                if flags & MESSAGE_LAST:
                    self._messages.append((bytes(self._part), bool(flags & MESSAGE_TEXT)))
                    self._part = bytearray()
            elif kind == WINDOW:
                self._window += WINDOW_PAYLOAD.unpack(payload)[0]
            elif kind == CLOSE:
                self._settled = True
                (code,) = CLOSE_PAYLOAD.unpack_from(payload)
                self._end(code, payload[CLOSE_PAYLOAD.size :].decode("utf-8", "replace"))
            elif kind == BROKEN:
                self._end(_LOST, "")
            else:
                return False
            self._news.notify_all()
        return True

    def finish(self, code: int) -> None:
        """The application has returned: closes it, and waits until nobody reads any more."""
        self.close(code)
        if not self._settled and not self._asked:
            # The client left without a close.
            self._ask(code, b"")
        self._messages.clear()
        self._wait(lambda: self._settled, None)
        with self._news:
            while self._reads:
                self._news.wait()

    def _ask(self, code: int, reason: bytes) -> None:
        self._asked = True
        self._put(CLOSE, 0, CLOSE_PAYLOAD.pack(code) + reason)

    def _end(self, code: int, reason: str) -> None:
        if self.code is None:
            self.code, self.reason = code, reason
        self._news.notify_all()

    def _require_accepted(self) -> None:
        if not self.accepted:
            raise RuntimeError("the WebSocket was not accepted")

    def _require_open(self) -> None:
        if self.code is not None:
            raise WebSocketClosed(self.code, self.reason)

    def _pull(self) -> None:
        """Lets Node send as much as was received."""
        with self._news:
            taken = _CREDIT if self._taken is None else self._taken
            if self.closed or taken < _CREDIT // 2:
                return
            self._taken = 0
        self._put(PULL, 0, PULL_PAYLOAD.pack(taken))

    def _put(self, kind: int, flags: int, payload: bytes) -> None:
        with self._writing:
            self._line.put_frame(kind, flags, payload)

    def _wait(self, is_over: Callable[[], bool], timeout: float | None) -> bool:
        """Waits for frames until the condition holds; False after `timeout` seconds."""
        end = None if timeout is None else monotonic() + timeout
        while True:
            with self._news:
                left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - monotonic())
                if is_over():
                    return True
                if left < 0:
                    return False
                if self._reads or self._settled:
                    self._news.wait(left)
                    continue
                self._reads = True
            try:
                self._line.wait_for_frames(left)
            finally:
                with self._news:
                    self._reads = False
                    self._news.notify_all()


def _encode_fields(headers: Iterable[tuple[str, str]]) -> bytes:
    """The lines of fields of a handshake, without those that it has itself."""
    kept = [(name, value) for name, value in headers if name.lower() not in _HANDSHAKE]
    _reason, _end, lines = make_head("204 No Content", kept).fields.partition(b"\r\n")
    return lines
