"""The transport of a WSGI request over LRWP: both of its bodies are whole, or not yet there."""

from __future__ import annotations

from typing import Final

from taipan.lrwp.output import CountedOutput
from taipan.lrwp.request import PeerRequest

_PIECE: Final = 64 * 1024


class Exchange:
    """Writes the response as CGI programs do; nothing leaves before `finish`."""

    #: Files are read by the application's thread.
    file_taken: bool | None = False

    def __init__(self, request: PeerRequest, output: CountedOutput) -> None:
        self._request = request
        self._output = output

    def send(
        self, status: int, flags: int, length: int, fields: bytes, body: bytes, free: bool
    ) -> None:
        """Writes a complete response."""
        self.begin(status, flags, length, fields, body, True)

    def begin(
        self, status: int, flags: int, length: int, fields: bytes, data: bytes, last: bool
    ) -> None:
        """Writes the head, and the first piece of the body."""
        self._output.write(b"Status: %d %b\r\n" % (status, fields))
        self._output.write(data)

    def write(self, data: bytes, last: bool, free: bool = False) -> None:
        """Writes another piece."""
        self._output.write(data)

    def begin_file(
        self, status: int, flags: int, length: int, fields: bytes, descriptor: int, offset: int
    ) -> bool | None:
        """Writes the head; the file has to be written as a body."""
        self.begin(status, flags, length, fields, b"", False)
        return False

    def abort(self, reason: str) -> None:
        """Answers with an error instead, as nothing has left."""
        self._output.fail()

    def pull(self, size: int) -> None:
        """Does nothing, because the body is there."""

    def receive(self) -> bytes | None:
        """The next piece of the body."""
        return self._request.body.read(_PIECE) or None

    def finish(self) -> None:
        """Replaces a response that an application has ended although a piece of it is missing."""
        if self._output.broken:
            self._output.fail()
