"""What a program writes its page to: text and bytes alike, because Python 2 made no difference."""

from __future__ import annotations

import io
from typing import Any, Callable


class PageOutput(io.TextIOBase):
    """Stands in for `sys.stdout`, and takes bytes, too. Text becomes UTF-8."""

    encoding = "utf-8"
    #: Lets bytes of variables that are no UTF-8 through as they are.
    errors = "surrogateescape"

    def __init__(self, write_bytes: Callable[[bytes], object]) -> None:
        super().__init__()
        self.buffer = ByteOutput(write_bytes)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, text: str | bytes, /) -> int:
        """Adds a piece of the head or of the page."""
        self.buffer.write(
            text.encode(self.encoding, self.errors) if isinstance(text, str) else text
        )
        return len(text)


class ByteOutput(io.BufferedIOBase):
    """The same for bytes alone."""

    def __init__(self, write_bytes: Callable[[bytes], object]) -> None:
        super().__init__()
        self._write_bytes = write_bytes

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: Any, /) -> int:
        """Adds a piece."""
        piece = bytes(memoryview(data))
        self._write_bytes(piece)
        return len(piece)
