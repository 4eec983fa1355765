"""A hub with applications in memory, and Node's side of its frames."""

from __future__ import annotations

import asyncio
import marshal
import os
import time
from collections.abc import Mapping
from typing import Any, Callable

from taipan import frames
from taipan.asgi import StreamHub
from taipan.events import Development, Settings
from taipan.loader.finding import Found, validate_application
from taipan.loader.slot import Slot
from taipan.logs import Logs, Requests

DEADLINE = 20.0
GET = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"127.0.0.1:8000"), (b"accept", b"*/*")],
    "client": ("127.0.0.1", 50000),
    "server": ("127.0.0.1", 8000),
}
SOCKET = {
    **{key: value for key, value in GET.items() if key != "method"},
    "type": "websocket",
    "scheme": "ws",
    "subprotocols": ["chat", "echo"],
}


class Given:
    """A source whose application is loaded already."""

    place = "test"

    def __init__(self, application: Any) -> None:
        self.application = application
        self.version: Any = None

    def stamp(self) -> Any:
        return self.version

    def load(self) -> None:
        return None

    def find(self, _module: Any, expression: str, interface: str) -> Found:
        return validate_application(self.application, expression, self.place, interface)


class Stream:
    """The frames of one request or WebSocket."""

    def __init__(self, driver: Driver, number: int) -> None:
        self.driver = driver
        self.number = number
        self.kinds: list[int] = []
        self.status: int | None = None
        self.reason = ""
        self.flags = 0
        self.length = 0
        self.fields: list[tuple[str, str]] = []
        self.body = b""
        self.pieces: list[bytes] = []
        self.ended = False
        self.freed = False
        self.aborted: str | None = None
        self.pulled = 0
        self.hints: list[str] = []
        self.trailers: str | None = None
        self.accepted: tuple[str, str] | None = None
        self.messages: list[str | bytes] = []
        self.closed: tuple[int, str] | None = None
        self.files: list[tuple[int, int, int]] = []
        self._part = b""

    def field(self, name: str) -> str | None:
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None

    def send(self, kind: int, flags: int = 0, payload: bytes = b"") -> Stream:
        self.driver.feed(frames.encode(kind, flags, payload, self.number))
        self.driver.turns()
        return self

    def give(self, data: bytes, last: bool = False) -> Stream:
        return self.send(frames.BODY, int(last), data)

    def take(self, size: int) -> Stream:
        return self.send(frames.WINDOW, 0, frames.WINDOW_PAYLOAD.pack(size))

    def leave(self, cancel: bool = False) -> Stream:
        return self.send(frames.BROKEN, int(cancel), b"the client has left")

    def message(self, data: str | bytes) -> Stream:
        if isinstance(data, str):
            return self.send(
                frames.MESSAGE, frames.MESSAGE_LAST | frames.MESSAGE_TEXT, data.encode()
            )
        return self.send(frames.MESSAGE, frames.MESSAGE_LAST, data)

    def close(self, code: int = 1005, reason: str = "") -> Stream:
        return self.send(frames.CLOSE, 0, frames.CLOSE_PAYLOAD.pack(code) + reason.encode())

    def wait(self, condition: Callable[[], Any] | None = None) -> Stream:
        self.driver.wait(condition or (lambda: self.freed))
        return self

    def on_frame(self, frame: frames.Frame) -> None:
        assert not self.freed, f"{frame} after the end of the stream"
        kind, flags, _, payload = frame
        self.kinds.append(kind)
        if kind == frames.HEAD:
            assert self.status is None and self.accepted is None
            self._on_head(flags, payload)
        elif kind == frames.ANSWER:
            assert self.status is None and self.accepted is None
            self._on_answer(payload)
            self.freed = bool(flags & frames.ANSWER_FREE)
        elif kind == frames.DATA:
            assert self.status is not None and not self.ended
            self.body += payload
            self.pieces.append(payload)
            self.ended = bool(flags & frames.DATA_LAST)
            self.freed = bool(flags & frames.DATA_FREE)
        elif kind == frames.PULL:
            self.pulled += frames.PULL_PAYLOAD.unpack(payload)[0]
        elif kind == frames.FREE:
            self.freed = True
        elif kind == frames.ABORT:
            assert self.aborted is None and not self.ended
            self.aborted = payload.decode()
        elif kind == frames.HINTS:
            assert self.status is None
            self.hints.append(payload.decode("latin-1"))
        elif kind == frames.TRAILERS:
            self.trailers = payload.decode("latin-1")
            self.ended = True
        elif kind == frames.FILE:
            self.files.append(frames.FILE_PAYLOAD.unpack(payload))
        else:
            self._on_socket_frame(kind, flags, payload)

    def _on_socket_frame(self, kind: int, flags: int, payload: bytes) -> None:
        assert self.closed is None
        if kind == frames.ACCEPT:
            assert self.accepted is None and self.status is None
            subprotocol, _, lines = payload.decode("latin-1").partition("\r\n")
            self.accepted = subprotocol, lines
        elif kind == frames.MESSAGE:
            assert self.accepted is not None
            self.pieces.append(payload)
            self._part += payload
            if flags & frames.MESSAGE_LAST:
                is_text = flags & frames.MESSAGE_TEXT
                self.messages.append(self._part.decode() if is_text else self._part)
                self._part = b""
        elif kind == frames.CLOSE:
            assert self.accepted is not None
            code = frames.CLOSE_PAYLOAD.unpack_from(payload)[0]
            self.closed = code, payload[2:].decode()
        else:
            raise AssertionError(f"a frame of type {kind}")

    def _on_answer(self, payload: bytes) -> None:
        start = frames.ANSWER_PREFIX
        end = start + int.from_bytes(payload[start - 4 : start], "little")
        self._on_head(payload[2], payload[:2] + payload[3 : start - 4] + payload[start:end])
        self.body = payload[end:]
        self.pieces.append(self.body)
        self.ended = True

    def _on_head(self, flags: int, payload: bytes) -> None:
        self.status = int.from_bytes(payload[:2], "little")
        self.length = int.from_bytes(payload[2:10], "little")
        self.flags = flags
        reason, *lines = payload[10:].decode("latin-1").split("\r\n")
        assert lines[-1] == ""
        self.reason = reason
        self.fields = [tuple(line.split(": ", 1)) for line in lines[:-1]]  # type: ignore[misc]

    def open_file(self) -> bytes:
        """Frames that Node sends without being asked."""
        descriptor, offset, length = self.files[-1]
        return os.pread(descriptor, length, offset)


class Driver:
    """A hub on its own event loop."""

    def __init__(self, *applications: Any, dev: bool = False, **config: Any) -> None:
        #: Applications whose lifespans were begun, and None at the end.
        self.announced: list[str | None] = []
        self.records: list[dict[str, Any]] = []
        self.logs = Logs(self.records.append, Requests())  # type: ignore[arg-type]
        self.sources = [Given(application) for application in applications]
        self.slots = [
            Slot(
                {"kind": "target", "name": f"app{index}", **config},
                lambda source=source: (source, "app"),  # type: ignore[misc]
            )
            for index, source in enumerate(self.sources)
        ]
        for slot in self.slots:
            slot.load()
        self.loop = asyncio.new_event_loop()
        self.outputs = 0
        self.hub = StreamHub(
            self.slots, Settings(self.logs, Development() if dev else None), self._on_output
        )
        self.decoder = frames.Decoder()
        self.streams: dict[int, Stream] = {}

    def start(self) -> Driver:
        self.loop.run_until_complete(
            self.hub.startup(lambda name, _find_stack: self.announced.append(name))
        )
        return self

    def stop(self, seconds: float = 5.0) -> None:
        self.loop.run_until_complete(self.hub.shutdown(seconds))
        self.read()

    def close(self) -> None:
        if not self.loop.is_closed():
            for task in asyncio.all_tasks(self.loop):
                task.cancel()
            self.turns()
            self.loop.close()

    def begin(
        self,
        scope: Mapping[str, Any] | None = None,
        body: bytes | None = b"",
        application: int = 0,
        **more: Any,
    ) -> Stream:
        """Sends a request; its answer is read by `turns` and `wait`."""
        number = next(n for n in range(1, 65536) if n not in self.streams or self.streams[n].freed)
        stream = self.streams[number] = Stream(self, number)
        whole = {**(scope or GET), **more}
        payload = marshal.dumps((application, f"r{number}", whole, body), 2)
        self.feed(frames.encode(frames.REQUEST, 0, payload, number))
        self.turns()
        return stream

    def get(self, **more: Any) -> Stream:
        """Sends a request and returns its answer."""
        return self.begin(**more).wait()

    def connect(self, **more: Any) -> Stream:
        return self.begin(SOCKET, None, **more)

    def feed(self, data: bytes) -> None:
        """Runs within the loop, as in transports."""
        self.loop.call_soon(self.hub.receive, data)

    def turns(self, count: int = 6) -> None:
        """Runs the loop until it waits."""
        for _ in range(count):
            self.loop.call_soon(self.loop.stop)
            self.loop.run_forever()
        self.read()

    def wait(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + DEADLINE
        while not condition():
            assert time.monotonic() < end, "nothing came in time"
            self.turns(1)
            time.sleep(0.0005)

    def read(self) -> None:
        had = self.outputs
        data = self.hub.take_output()
        assert bool(data) == bool(had), (had, data)
        self.outputs = 0
        self.decoder.feed(data)
        for frame in self.decoder.frames():
            self.streams[frame.tag].on_frame(frame)

    def texts(self, level: str = "error") -> list[str]:
        return [record["text"] for record in self.records if record["level"] == level]

    def _on_output(self) -> None:
        self.outputs += 1
        assert self.outputs == 1
