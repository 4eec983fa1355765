"""The body of a request, as `Read()` gives it."""

from __future__ import annotations

import io
from typing import Any

from taipan.events import Environ


class Body(str):
    """Text of the body; bytes that are no UTF-8 are kept, and `bytes()` gives them all back."""

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The bytes as text in another encoding."""
        return bytes(self).decode(encoding, errors)

    def __bytes__(self) -> bytes:
        return self.encode("utf-8", "surrogateescape")


def read_body(environ: Environ, size: int | None) -> Body | int:
    """`size` bytes, all for 0 and None; for a negative one the number of those that are left."""
    stream = environ["wsgi.input"]
    if size is not None and size < 0:
        return _count_left(stream, environ)
    data: bytes = stream.read(size) if size else stream.read()
    environ[_TAKEN] = environ.get(_TAKEN, 0) + len(data)
    return Body(data, "utf-8", "surrogateescape")


#: Bytes that have been read.
_TAKEN = "taipan.isapi_taken"


def _count_left(stream: Any, environ: Environ) -> int:
    if isinstance(stream, io.BytesIO):
        return len(stream.getbuffer()) - stream.tell()
    length = environ.get("CONTENT_LENGTH", "")
    if length:
        return int(length) - int(environ.get(_TAKEN, 0))
    # Its length is known at its end alone.
    return len(stream.peek())
