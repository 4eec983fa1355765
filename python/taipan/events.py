"""The protocol between interfaces (WSGI, ASGI) and transports, which do not know each other."""

from __future__ import annotations

from typing import Any, Callable, Final, NamedTuple, Protocol

from taipan.stopping import Stopping

Environ = dict[str, Any]
#: Key of a scope that tells about an error, for a body that has arrived whole.
BODY_KEY: Final = "taipan.body"
Application = Callable[..., Any]


class ClientDisconnected(ConnectionError):
    """The client has disconnected, or its request body is incomplete."""


class TransportClosed(BaseException):
    """The other side of the transport has closed, so no response is possible."""


class Upgraded(BaseException):
    """The application has answered by a WebSocket, which is over."""


class Transport(Protocol):
    """Sends one response to the server, and receives the body of its request.

    `fields` is the reason phrase and the header lines, checked, each ended by CRLF; `length` is the
    value of Content-Length in them.
    """

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """Sends a complete response; `free`: the application has returned already."""

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """Sends the head of a response and the first piece of its body."""

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        """Sends another piece; `free` as for `send`, of the last one.

        Raises `ClientDisconnected` when the client has disconnected.
        """

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """Sends the head, and `length` bytes of an open regular file as the body.

        False: only the head was sent, write the body. None: `file_taken` will have the answer.
        """

    @property
    def file_taken(self) -> bool | None:
        """The answer to `begin_file`; None until it is known."""

    def abort(self, reason: str) -> None:
        """Aborts the response, because it cannot be completed."""

    def pull(self, size: int) -> None:
        """Allows the server to send `size` more bytes of the request body."""

    def receive(self) -> bytes | None:
        """The next piece of the request body that was pulled; None at the end of the body.

        Raises `ClientDisconnected` when the body can never be complete.
        """

    def finish(self) -> None:
        """The request is over. May be called twice."""


class Reporter(Protocol):
    """Receives the worker's own log records."""

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """Logs one record, with the id of the present request."""

    def end_request(self) -> None:
        """Emits unfinished lines of the request that ends."""


class Editor(NamedTuple):
    """What opens a file from a browser."""

    title: str
    #: Address with `{path}`, or `{relative}` to the directory, `{line}` and `{column}`.
    url: str
    directory: str


class Development(NamedTuple):
    """How clients are told about errors."""

    editor: Editor | None = None


class Settings(NamedTuple):
    """Settings that are the same for all requests of a process."""

    reporter: Reporter
    #: Send tracebacks to the client; None: never.
    dev: Development | None
    #: Tells applications that this process begins to end.
    stopping: Stopping | None = None
