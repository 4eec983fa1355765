"""Output for an agent, which has to be whole before its length can be told."""

from __future__ import annotations

import tempfile
from typing import IO, Final

from taipan.answers import plain_answer
from taipan.lrwp.lengths import PART_LIMIT, format_length
from taipan.lrwp.request import MEMORY_LIMIT
from taipan.lrwp.stream import AgentStream

_PIECE: Final = 64 * 1024


class OutputTooLarge(Exception):
    """A response has more bytes than nine digits can tell."""


class CountedOutput:
    """Collects output, in a temporary file where it is large."""

    def __init__(self) -> None:
        self._file = _open()
        self._size = 0
        #: A piece is missing, so that the rest must not be sent.
        self.broken = False

    def write(self, data: bytes) -> None:
        """Adds a piece. Raises `OutputTooLarge`, or `OSError` when the disk is full."""
        if self.broken or self._size + len(data) > PART_LIMIT:
            self.broken = True
            raise OutputTooLarge(f"LRWP allows {PART_LIMIT} bytes of output for a request")
        try:
            self._file.write(data)
        except OSError:
            self.broken = True
            raise
        self._size += len(data)

    def fail(self) -> None:
        """Puts an error in the place of what cannot be completed, as nothing has left."""
        self.clear()
        fields, body = plain_answer("Internal Server Error\n")
        self.write(b"Status: 500 Internal Server Error\r\n%b\r\n%b" % (fields, body))

    def clear(self) -> None:
        """Begins anew."""
        self._file.close()
        self._file = _open()
        self._size = 0
        self.broken = False

    def send(self, stream: AgentStream, *, leaving: bool = False) -> None:
        """Sends the length and the output, in one piece if it is small. Raises `AgentError`.

        `leaving`: the end of the stream comes next, and travels with the last piece.
        """
        self._file.seek(0)
        piece = format_length(self._size) + self._file.read(_PIECE)
        while following := self._file.read(_PIECE):
            stream.send(piece)
            piece = following
        stream.send(piece, more=leaving)

    def close(self) -> None:
        """Forgets the output."""
        self._file.close()


def _open() -> IO[bytes]:
    return tempfile.SpooledTemporaryFile(MEMORY_LIMIT)
