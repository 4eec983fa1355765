"""A worker process and Node's ends of its sockets, with deadlines so that a hang fails."""

from __future__ import annotations

import fcntl
import json
import marshal
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from taipan import frames

PYTHON_FOLDER = Path(__file__).resolve().parents[2]
APPS = PYTHON_FOLDER.parent / "test" / "fixtures" / "apps"
DEADLINE = 20.0


class Answer(NamedTuple):
    """A response, decoded from its frames."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    flags: int
    length: int
    body: bytes
    #: None if the response was complete.
    aborted: str | None
    #: Types of all frames in order.
    kinds: list[int]

    def field(self, name: str) -> str | None:
        """The value of a header; None if absent."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None


class Peer:
    """Node's end of a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(DEADLINE)
        self.decoder = frames.Decoder()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def next(self) -> frames.Frame | None:
        """The next frame; None at the end of the stream."""
        while (frame := self.decoder.take()) is None:
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.decoder.feed(data)
        return frame

    def expect(self, kind: int) -> frames.Frame:
        frame = self.next()
        assert frame is not None and frame.kind == kind, frame
        return frame

    def quiet(self, seconds: float = 0.2) -> bool:
        """Expects no frame for a while."""
        return self.decoder.empty and not select.select([self.socket], [], [], seconds)[0]


class ThreadPeer(Peer):
    """Node's end of a thread socket."""

    def request(
        self,
        environ: Mapping[str, str] | None = None,
        body: bytes | None = b"",
        application: int = 0,
        **more: str,
    ) -> None:
        whole = {**make_environ(), **(environ or {}), **more}
        self.send(frames.encode(frames.REQUEST, 0, marshal.dumps((application, whole, body), 2)))

    def body(self, data: bytes, last: bool = False) -> None:
        self.send(frames.encode(frames.BODY, int(last), data))

    def broken(self, reason: str = "the client has left") -> None:
        self.send(frames.encode(frames.BROKEN, 0, reason.encode()))

    def answer(self, pieces: Sequence[bytes] | None = None, files: bool = True) -> Answer:
        """Reads a response up to FREE; sends `pieces` of the body as they are pulled."""
        left = list(pieces or [])
        head: frames.Frame | None = None
        body = b""
        aborted: str | None = None
        kinds = []
        while True:
            frame = self.next()
            assert frame is not None, f"the socket ended after {kinds}"
            kinds.append(frame.kind)
            free = frame.kind == frames.FREE
            if frame.kind == frames.HEAD:
                assert head is None
                head = frame
            elif frame.kind == frames.DATA:
                body += frame.payload
                free = bool(frame.flags & frames.DATA_FREE)
            elif frame.kind == frames.PULL:
                while left:
                    piece = left.pop(0)
                    self.body(piece, last=not left)
            elif frame.kind == frames.FILE:
                body += self._open(frame.payload) if files else b""
                self.send(frames.encode(frames.OPENED, int(files)))
            elif frame.kind == frames.ABORT:
                aborted = frame.payload.decode()
                free = bool(frame.flags & frames.ABORT_FREE)
            if free:
                return make_answer(head, body, aborted, kinds)

    def get(self, environ: Mapping[str, str] | None = None, **more: Any) -> Answer:
        """Sends a request and returns its answer."""
        pieces = more.pop("pieces", None)
        files = more.pop("files", True)
        if pieces is not None:
            more["body"] = None
        self.request(environ, **more)
        return self.answer(pieces, files)

    def _open(self, payload: bytes) -> bytes:
        descriptor, offset, length = frames.FILE_PAYLOAD.unpack(payload)
        with open(f"/proc/{self.pid}/fd/{descriptor}", "rb") as stream:
            stream.seek(offset)
            data = stream.read(length)
            assert len(data) == length
            return data

    pid = 0


class WorkerProcess:
    """Starts a worker with the descriptors 3 and up, and sends it its configuration."""

    def __init__(
        self,
        applications: Sequence[Mapping[str, Any]],
        *,
        threads: int = 1,
        environment: Mapping[str, str] | None = None,
        python: str = sys.executable,
        wait: bool = True,
        **configuration: Any,
    ) -> None:
        pairs = [socket.socketpair() for _ in range(threads + 2)]
        reader, writer = os.pipe()
        error_reader, error_writer = os.pipe()
        sources = [_raise_descriptor(pair[1].fileno()) for pair in pairs]
        actions: list[Any] = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, writer, 1),
            (os.POSIX_SPAWN_DUP2, error_writer, 2),
        ]
        actions += [(os.POSIX_SPAWN_DUP2, source, 3 + i) for i, source in enumerate(sources)]
        self.pid = os.posix_spawn(
            python,
            [python, str(PYTHON_FOLDER / "main.py"), "taipan.worker"],
            {**os.environ, **(environment or {})},
            file_actions=actions,
        )
        for source in (*sources, writer, error_writer):
            os.close(source)
        for pair in pairs:
            pair[1].close()
        self.control = Peer(pairs[0][0])
        self.loop = Peer(pairs[1][0])
        self.threads = [ThreadPeer(pair[0]) for pair in pairs[2:]]
        for thread in self.threads:
            thread.pid = self.pid
        self.raw_output = reader
        self.raw_errors = error_reader
        self.messages: list[dict[str, Any]] = []
        self.exit_code: int | None = None
        self.tell(
            {
                "type": "configure",
                "threads": threads,
                "multithread": threads > 1,
                "multiprocess": False,
                "serverSoftware": "taipan/test",
                "dev": False,
                "argv": ["app.py"],
                "searchPath": [],
                "applications": list(applications),
                **configuration,
            }
        )
        if wait:
            self.wait_for("ready")

    def tell(self, message: Mapping[str, Any]) -> None:
        self.control.send(frames.encode(frames.CONTROL, 0, json.dumps(message).encode()))

    def wait_for(self, kind: str, **properties: Any) -> dict[str, Any]:
        """The next message of a kind with these properties; others are kept in `messages`."""
        for message in self.messages:
            if _matches(message, kind, properties):
                self.messages.remove(message)
                return message
        while True:
            frame = self.control.next()
            assert frame is not None, f"no {kind} message came: {self.messages}, {self.stderr()}"
            message = json.loads(frame.payload)
            if _matches(message, kind, properties):
                return message
            self.messages.append(message)

    def logs(self) -> list[dict[str, Any]]:
        """The log records so far; a ping flushes them."""
        self.tell({"type": "ping", "id": 99})
        self.wait_for("pong", id=99)
        found = [message for message in self.messages if message["type"] == "log"]
        self.messages = [message for message in self.messages if message["type"] != "log"]
        return found

    def wait(self, deadline: float = DEADLINE) -> int:
        """The exit code; negative for a signal."""
        end = time.monotonic() + deadline
        while self.exit_code is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                self.exit_code = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError("the worker does not end")
            else:
                time.sleep(0.01)
        return self.exit_code

    def stop(self) -> int:
        self.tell({"type": "stop"})
        return self.wait()

    def stderr(self) -> str:
        """The output on the real descriptor 2 so far."""
        return _read_available(self.raw_errors)

    def stdout(self) -> str:
        return _read_available(self.raw_output)

    def close(self) -> None:
        for peer in (self.control, self.loop, *self.threads):
            peer.socket.close()
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.raw_output)
        os.close(self.raw_errors)


def make_environ() -> dict[str, str]:
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "REQUEST_URI": "/",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "taipan/test",
        "GATEWAY_INTERFACE": "CGI/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "40000",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.url_scheme": "http",
        "taipan.request_id": "r1",
    }


def make_answer(
    head: frames.Frame | None, body: bytes, aborted: str | None, kinds: list[int]
) -> Answer:
    if head is None:
        return Answer(0, "", [], 0, 0, body, aborted, kinds)
    length = int.from_bytes(head.payload[:8], "little")
    lines = head.payload[8:].decode("latin-1").split("\r\n")
    assert lines.pop() == ""
    fields = [(name, value) for name, _, value in (line.partition(": ") for line in lines[1:])]
    return Answer(head.tag, lines[0], fields, head.flags, length, body, aborted, kinds)


def target(where: str, **more: Any) -> dict[str, Any]:
    """Configuration of a target below the fixtures."""
    return {
        "kind": "target",
        "name": "app",
        "interface": "auto",
        "target": where,
        "directory": str(APPS),
        "cacheCallables": True,
        "reloadOnModification": False,
        "multithread": True,
        **more,
    }


def file_application(folder: Path, **more: Any) -> dict[str, Any]:
    """Configuration of modjy's execfile mechanism."""
    return {
        "kind": "file",
        "name": "app",
        "interface": "auto",
        "appDirectory": str(folder),
        "appFilename": "application.py",
        "callable": "handler",
        "cacheCallables": True,
        "reloadOnModification": False,
        "multithread": True,
        **more,
    }


def _matches(message: Mapping[str, Any], kind: str, properties: Mapping[str, Any]) -> bool:
    return message["type"] == kind and all(
        message.get(name) == value for name, value in properties.items()
    )


def _raise_descriptor(descriptor: int) -> int:
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 100)


def _read_available(descriptor: int) -> str:
    data = b""
    while select.select([descriptor], [], [], 0)[0]:
        block = os.read(descriptor, 65536)
        if not block:
            break
        data += block
    return data.decode("utf-8", "replace")
