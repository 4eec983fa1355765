"""Output that waits for its client while the script goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

_IN_MEMORY = 1024 * 1024
_BLOCK = 64 * 1024
#: Bytes that a response may have here.
_LIMIT = 1024 * 1024 * 1024


class Spool:
    """The rest of a response, in a temporary file beyond 1 MB; iterated once, when it is whole."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0

    def write(self, data: bytes) -> None:
        """Adds to it."""
        if self._file is None:
            from tempfile import SpooledTemporaryFile

            self._file = SpooledTemporaryFile(_IN_MEMORY)
        self._size += len(data)
        if self._size > _LIMIT:
            raise RuntimeError(
                f"the output has more than {_LIMIT} bytes, and Node's thread cannot wait for the"
                " client; give the process group threads (threads: 1 or more)"
            )
        self._file.write(data)

    def __iter__(self) -> Iterator[bytes]:
        if self._file is not None:
            self._file.seek(0)
            while block := self._file.read(_BLOCK):
                yield block

    def close(self) -> None:
        """Forgets what has not been taken."""
        if self._file is not None:
            self._file.close()

    # A script that fails leaves it to nobody.
    __del__ = close
