"""The words that interfaces and transports share. Neither learns which one of the other it has."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Protocol

Environ = dict[str, Any]
Application = Callable[..., Any]


class ClientDisconnected(ConnectionError):
    """The client has left, or its request body broke off."""


class TransportClosed(BaseException):
    """The other side of the transport is gone: nobody is left to answer to."""


class Transport(Protocol):
    """How one response reaches the server, and how the body of its request is fetched.

    `fields` is the reason phrase and the header lines, each ended by CRLF, checked; `length` is the
    value of the Content-Length line among them.
    """

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """A whole response; `free` says that nothing runs after it."""

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """The head of a response and the first piece of its body."""

    def write(self, data: bytes, last: bool) -> None:
        """A further piece. Raises `ClientDisconnected` when the client has left."""

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """The head, and `length` bytes of an open regular file as the body.

        False: the head is out, but the body has to be written. None: `file_taken` will tell.
        """

    @property
    def file_taken(self) -> bool | None:
        """The answer to `begin_file`; None as long as it is not known."""

    def abort(self, reason: str) -> None:
        """The response cannot be finished."""

    def pull(self, size: int) -> None:
        """Allows the server to send so many more bytes of the request body."""

    def receive(self) -> bytes | None:
        """The next piece of the request body that was pulled; None at its end.

        Raises `ClientDisconnected` when the body will never be complete.
        """

    def finish(self) -> None:
        """Everything that belongs to the request is over. May be called twice."""


class Reporter(Protocol):
    """Where the worker itself reports what went wrong."""

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """One record in the log, with the request that is being served."""

    def end_request(self) -> None:
        """Lets out what was printed without a newline, under the request that ends."""


class Settings(NamedTuple):
    """What does not change between the requests of a process."""

    reporter: Reporter
    #: Tracebacks go to the client.
    dev: bool
