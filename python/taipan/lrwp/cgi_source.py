"""The one request of a CGI program, for programs in the interface of the old library."""

from __future__ import annotations

import io
import os
import re
import sys
from typing import Any, BinaryIO

from taipan.lrwp.library_errors import RequestOver, SocketError
from taipan.lrwp.page_output import PageOutput
from taipan.lrwp.request import keep_body

_PIECE = 64 * 1024


class CgiSource:
    """Environment and standard streams of this process."""

    def __init__(self) -> None:
        self._taken = False
        self._body: BinaryIO | None = None

    def accept(self) -> tuple[dict[str, str], BinaryIO, PageOutput]:
        """The request. Raises `RequestOver` when it is called again."""
        if self._taken:
            raise RequestOver("a CGI program has one request")
        self._taken = True
        _prepare_output()
        variables = dict(os.environ)
        length = variables.get("CONTENT_LENGTH", "")
        # Without a length there is no body (RFC 3875, 4.1.2), and standard input may have no end.
        size = int(length) if re.fullmatch("[0-9]{1,18}", length) else 0
        self._body = keep_body(size, lambda file: _copy_input(size, file))
        return variables, self._body, PageOutput(_write_output)

    def finish(self) -> None:
        """Sends the rest of the output."""
        _flush_output()
        self.close()

    def close(self) -> None:
        """Forgets the body."""
        if self._body is not None:
            self._body.close()


def _copy_input(size: int, file: BinaryIO) -> None:
    source: Any = sys.stdin
    source = getattr(source, "buffer", source)
    left = size
    while left > 0:
        piece = source.read(min(left, _PIECE))
        if not piece:
            raise SocketError("the body of the request is shorter than CONTENT_LENGTH")
        file.write(piece)
        left -= len(piece)


def _prepare_output() -> None:
    """Lets text of the program and any bytes take one way, so that they keep their order."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=PageOutput.encoding, errors=PageOutput.errors)


def _write_output(data: bytes) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.write(data.decode(PageOutput.encoding, PageOutput.errors))
    else:
        sys.stdout.buffer.write(data)


def _flush_output() -> None:
    """Where a script has another standard output, that is flushed at its end, with a length."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.flush()
