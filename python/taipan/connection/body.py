"""The body of the request, read piece by piece."""

from __future__ import annotations

import os
from typing import BinaryIO, Union

from taipan.connection.blocks import read_blocks
from taipan.connection.facts import ConnectionFacts

_Target = Union[str, "os.PathLike[str]", BinaryIO]


class RequestBody(ConnectionFacts):
    """Reads what the client sends."""

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, fewer only at the end; by default all that are left."""
        data: bytes = self._environ["wsgi.input"].read(size)
        return data

    def read_line(self, limit: int = -1) -> bytes:
        """The next line with its end, of at most `limit` bytes; empty at the end of the body."""
        line: bytes = self._environ["wsgi.input"].readline(limit)
        return line

    def copy_to_file(self, target: _Target, size: int = -1) -> int:
        """Copies up to `size` bytes to a binary file, or one of this name; tells how many."""
        if isinstance(target, (str, os.PathLike)):
            with open(target, "wb") as file:
                return self._copy(file, size)
        return self._copy(target, size)

    def copy_to_fd(self, descriptor: int, size: int = -1) -> int:
        """Copies up to `size` bytes to an open descriptor; tells how many."""
        with os.fdopen(descriptor, "wb", closefd=False) as file:
            return self._copy(file, size)

    def flush_content(self) -> int:
        """Throws the rest of the body away; tells how many bytes it had."""
        return sum(map(len, read_blocks(self.read)))

    def _copy(self, file: BinaryIO, size: int) -> int:
        copied = 0
        for block in read_blocks(self.read, size):
            file.write(block)
            copied += len(block)
        return copied
