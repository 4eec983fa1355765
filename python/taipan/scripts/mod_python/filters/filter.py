"""What the function of a filter gets: the data before it, and the way behind it."""

from __future__ import annotations

from typing import Any, Callable

#: Takes data on their way, and whether they are the last.
Sink = Callable[[bytes, bool], None]

#: What is written is passed on when it has this many bytes.
_BLOCK = 64 * 1024
#: Most bytes that a function may leave unread.
_LIMIT = 1024 * 1024


class Filter:
    """One filter of one request; its function is called whenever there is something to read."""

    def __init__(self, name: str, req: Any, *, is_input: bool) -> None:
        #: As handlers know it.
        self.name = name.lower()
        #: As directives name it.
        self.handler = name
        self.req = req
        self.is_input = int(is_input)
        self.closed = 0
        #: Its function, once it has been found.
        self.function: Callable[[Filter], object] | None = None
        #: Where its output goes.
        self.sink: Sink = _nowhere
        self._unread = bytearray()
        self._at_end = False
        self._disabled = False
        self._written: list[bytes] = []
        self._size = 0

    def read(self, len: int = -1) -> bytes | None:
        """What is there, at most `len` bytes; empty: nothing at the moment; None: the end."""
        if not self._unread:
            return None if self._at_end else b""
        return self._take(len)

    def readline(self, len: int = -1) -> bytes | None:
        """A line with its end, at most `len` bytes; empty: no whole one at the moment; None: the
        end."""
        unread = self._unread
        found = unread.find(b"\n") + 1
        if not found:
            if not unread:
                return None if self._at_end else b""
            if not self._at_end and unread.__len__() < _BLOCK:
                return b""
            found = unread.__len__()
        return self._take(found if len < 0 else min(len, found))

    def write(self, data: str | bytes) -> None:
        """Adds to what comes behind it, text as UTF-8. Raises `ValueError` once it is closed."""
        if self.closed:
            raise ValueError("I/O operation on closed filter")
        block = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
        self._written.append(block)
        self._size += len(block)
        if self._size > _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Passes on what was written."""
        if self._written:
            data = b"".join(self._written)
            self._written, self._size = [], 0
            self.sink(data, False)

    def close(self) -> None:
        """Ends the data behind it. Raises `ValueError` if it has been closed."""
        if self.closed:
            raise ValueError("I/O operation on closed filter")
        self._finish()

    def pass_on(self) -> None:
        """Passes on what has not been read."""
        self.write(self._take(-1))
        if self._at_end:
            self._finish()

    def disable(self) -> None:
        """Passes on the rest, of which the filter sees nothing."""
        self._disabled = True

    def feed(self, data: bytes, last: bool) -> None:
        """Lets the function read data. Raises what it raises."""
        if self.closed:
            return
        self._unread += data
        self._at_end = last
        self._call()
        if self._disabled and not self.closed:
            self.pass_on()
        self.flush()
        if last and not self.closed:
            self._finish()

    def _call(self) -> None:
        # What is not read at once may be read by further calls, as from further blocks.
        while not self._disabled and not self.closed:
            before = len(self._unread)
            assert self.function is not None
            self.function(self)
            left = len(self._unread)
            if not left:
                return
            if left == before:
                if left > _LIMIT:
                    raise RuntimeError(f"the filter {self.handler} leaves {left} bytes unread")
                return

    def _take(self, size: int) -> bytes:
        unread = self._unread
        taken = bytes(unread if size < 0 else unread[:size])
        del unread[: len(taken)]
        return taken

    def _finish(self) -> None:
        self.closed = 1
        data = b"".join(self._written)
        self._written, self._size = [], 0
        self._unread.clear()
        self.sink(data, True)


def _nowhere(data: bytes, last: bool) -> None:
    """Takes what nobody reads."""
