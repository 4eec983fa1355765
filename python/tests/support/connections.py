"""Requests with a connection object, answered in this process through WSGI."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from taipan.connection import connection_of
from taipan.events import Settings
from taipan.frames import HEAD_CLOSE, HEAD_LENGTH
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.wsgi.call import base_environ, run


class Answer(NamedTuple):
    """What left for the server."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes
    #: The client has the whole response.
    complete: bool
    #: How many frames its body had.
    pieces: int

    def field(self, name: str) -> str | None:
        """The value of a field; None if absent."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None


class Recorder:
    """A transport and a reporter that keep what they get."""

    def __init__(self) -> None:
        self.status = 0
        self.fields = b""
        self.blocks: list[bytes] = []
        self.complete = False
        self.aborted = False
        self.closing = False
        self.records: list[str] = []

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, _: bool
    ) -> None:
        self.begin(status, flags, length, fields, body, True)

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        assert not self.status
        assert bool(flags & HEAD_LENGTH) == (b"\r\nContent-Length: " in b"\r\n" + fields)
        self.status, self.fields = status, fields
        self.closing = bool(flags & HEAD_CLOSE)
        self.write(data, last)

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        assert not self.complete
        self.blocks.append(data)
        self.complete = last

    def begin_file(self, status: int, flags: int, length: int, fields: bytes, *_: int) -> bool:
        self.begin(status, flags, length, fields, b"", False)
        return False

    def abort(self, reason: str) -> None:
        self.aborted = True

    def finish(self) -> None:
        pass

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        self.records.append(f"{level}: {text}")

    def end_request(self) -> None:
        pass

    @property
    def answer(self) -> Answer:
        lines = self.fields.decode("latin-1").split("\r\n")[1:-1]
        pairs = [(name, value) for name, _, value in (line.partition(": ") for line in lines)]
        blocks = [block for block in self.blocks if block]
        return Answer(self.status, pairs, b"".join(blocks), self.complete, len(blocks))


class Lab:
    """Runs functions as scripts."""

    def __init__(self, root: str, **settings: Any) -> None:
        self.root = root
        self.recorder = Recorder()
        reporter: Any = self
        self.settings = ScriptSettings(root, reporter, "taipan/test", False, False, **settings)
        self.request: ScriptRequest | None = None

    def get(self, script: Callable[..., Any], *, body: bytes = b"", **environ: str) -> Answer:
        """Calls `script` with the connection and `print`'s stream; gives the response."""
        self.recorder = Recorder()
        whole: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "SCRIPT_NAME": "/x.py",
            "PATH_INFO": "",
            "QUERY_STRING": "",
            "REQUEST_URI": "/x.py",
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "REMOTE_PORT": "4321",
            "HTTP_HOST": "site.example:8000",
            "DOCUMENT_ROOT": self.root,
            "SCRIPT_FILENAME": f"{self.root}/x.py",
            "taipan.software": "taipan/test",
            "wsgi.url_scheme": "http",
            **base_environ(None, multithread=False, multiprocess=False, run_once=False),
            **environ,
        }
        if body:
            whole["CONTENT_LENGTH"] = str(len(body))

        def application(environ: dict[str, Any], start_response: Any) -> Any:
            output = ScriptOutput(start_response)
            path = f"{self.root}/x.py"
            request = self.request = ScriptRequest(path, environ, output, self.settings)
            try:
                script(connection_of(request), request.text)
                return request.finish()
            finally:
                request.release()

        recorder: Any = self.recorder
        run(application, whole, body, recorder, Settings(recorder, None))
        return self.recorder.answer

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        self.recorder.report(level, text)

    @property
    def error(self) -> str:
        """The only error in the log."""
        (text,) = (text for text in self.recorder.records if text.startswith("error: "))
        return text[len("error: ") :]
