"""The two streams of a FastCGI filter: the body of the request, and the file behind it."""

from __future__ import annotations

import io
import tempfile
from typing import IO, Any, Protocol

from taipan.events import Environ

#: Bytes of a body that are kept in memory; more are kept in a file.
MEMORY = 1 << 20
PIECE = 64 * 1024


class Source(Protocol):
    """What both come from."""

    def read1(self, size: int = -1, /) -> bytes:
        """The bytes that are available, at most `size`; none at the end."""
        ...


def is_filter(environ: Environ) -> bool:
    """Whether a request has a file behind its body."""
    return environ.get("FCGI_ROLE") == "FILTER"


def divide(environ: Environ, source: Source) -> None:
    """Makes `wsgi.input` and `fcgi.data` of the one stream that has both."""
    length = environ.get("CONTENT_LENGTH", "")
    body = _Body(source, int(length) if length else 0)
    environ["wsgi.input"] = io.BufferedReader(body)
    environ["fcgi.data"] = io.BufferedReader(_Data(source, body))


class _Body(io.RawIOBase):
    def __init__(self, source: Source, left: int) -> None:
        super().__init__()
        self._source = source
        self._left = left
        self._kept: IO[bytes] | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._take(len(view)) if self._kept is None else self._kept.read(len(view))
        view[: len(data)] = data
        return len(data)

    def keep(self) -> None:
        """Keeps what was not read, because the file behind it is read first."""
        if self._left == 0:
            return
        kept = tempfile.SpooledTemporaryFile(MEMORY)
        while data := self._take(PIECE):
            kept.write(data)
        kept.seek(0)
        self._kept = kept
        if self.closed:
            kept.close()

    def close(self) -> None:
        if self._kept is not None:
            self._kept.close()
        super().close()

    def _take(self, size: int) -> bytes:
        wanted = min(size, self._left)
        data = self._source.read1(wanted) if wanted else b""
        self._left -= len(data)
        return data


class _Data(io.RawIOBase):
    def __init__(self, source: Source, body: _Body) -> None:
        super().__init__()
        self._source = source
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        self._body.keep()
        view = memoryview(buffer).cast("B")
        data = self._source.read1(len(view))
        view[: len(data)] = data
        return len(data)
