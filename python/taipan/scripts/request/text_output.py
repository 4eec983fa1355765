"""`sys.stdout` of a request, and the bytes below it."""

from __future__ import annotations

import io
from _thread import RLock
from typing import Any, Callable, Union

from taipan.scripts.request.output import ScriptOutput

#: Characters of a text that waits for no others.
LONG_TEXT = 1024
#: Texts that usually wait to be encoded together.
MOST_TEXTS = 128
#: Texts that wait behind `append`, which looks at none of them.
_MOST_APPENDED = 1024

_Bytes = Union[bytes, bytearray, memoryview]


class BinaryOutput(io.BufferedIOBase):
    """`sys.stdout.buffer` of a request."""

    name = "<stdout>"
    mode = "wb"
    _closing = False

    def __init__(self, output: ScriptOutput) -> None:
        super().__init__()
        self._output = output

    # The type for all buffers has a name from Python 3.12 on only.
    def write(self, data: _Bytes, /) -> int:  # type: ignore[override]
        """Adds to the response."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        # `bytes` alone would make zeros of a number.
        block = data if type(data) is bytes else bytes(memoryview(data))
        self._output.add(block)
        return len(block)

    def flush(self) -> None:
        """Sends what was written so far."""
        # io flushes while it closes, also when the object is collected after its request.
        if not self.closed and not self._closing:
            self._output.send()

    def close(self) -> None:
        """Refuses further output; the response ends with the script."""
        self._closing = True
        super().close()

    def writable(self) -> bool:
        """Always."""
        return True


class Diversion:
    """In the place of a list of texts: each goes to `append`."""

    __slots__ = ("append",)

    def __init__(self, append: Callable[[str], Any]) -> None:
        self.append = append

    def __len__(self) -> int:
        return 0


class TextOutput:
    """`sys.stdout` of a request: a text file in UTF-8 without newline translation."""

    name = "<stdout>"
    mode = "w"
    closed = False
    line_buffering = False
    write_through = False
    _buffer: BinaryOutput | None = None

    def __init__(self, output: ScriptOutput) -> None:
        self.encoding = "utf-8"
        #: As for file names: what came in as undecodable bytes goes out as the same bytes.
        self.errors = "surrogateescape"
        #: Texts that wait to be encoded together; with 0 each is passed on at once.
        self.most_texts = MOST_TEXTS
        self._output = output
        self._texts: list[str] = []
        #: Takes what is printed.
        self.printed: list[str] | Diversion = self._texts
        # Held while text is taken, so that threads of a script do not take the same.
        self._taking = RLock()

    @property
    def append(self) -> Callable[[str], None]:
        """`write` for many short texts in a row, which `make_room` follows."""
        return self._texts.append

    @property
    def buffer(self) -> BinaryOutput:
        """The bytes below; text that was written before comes first."""
        self.pass_on()
        if self._buffer is None:
            self._buffer = BinaryOutput(self._output)
        return self._buffer

    def write(self, text: str, /) -> int:
        """Adds to the response."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        texts = self._texts
        texts.append(text)
        size = len(text)
        if size > LONG_TEXT or len(texts) > self.most_texts:
            self.pass_on()
        return size

    def make_room(self) -> None:
        """Keeps short the list that `append` adds to."""
        if len(self._texts) > _MOST_APPENDED:
            self.pass_on()

    def flush(self) -> None:
        """Sends what was written so far."""
        if not self.closed:
            self.pass_on()
            self._output.send()

    def detach(self) -> BinaryOutput:
        """The bytes below, for a stream that takes the place of this one."""
        return self.buffer

    def reconfigure(
        self, *, encoding: str | None = None, errors: str | None = None, **_others: object
    ) -> None:
        """Changes the encoding of what follows; newlines are never translated."""
        self.pass_on()
        self.encoding = encoding or self.encoding
        self.errors = errors or ("strict" if encoding else self.errors)

    def close(self) -> None:
        """Refuses further text; the response ends with the script."""
        self.pass_on()
        self.closed = True
        if self.printed is self._texts:
            self.divert(None)

    def divert(self, write: Callable[[str], Any] | None) -> None:
        """Has `write` take what is printed; None: it belongs to the response again."""
        if write is None and self.closed:
            write = _refuse
        self.printed = self._texts if write is None else Diversion(write)

    @property
    def pending(self) -> int:
        """Characters that have not been passed on."""
        return sum(map(len, self._texts))

    def pass_on(self) -> None:
        """Gives what was written to the response."""
        if not self._texts:
            return
        with self._taking:
            self._output.add(self.take())

    def take(self) -> bytes:
        """What has not been passed on; it is the caller's to pass on."""
        with self._taking:
            texts = self._texts[:]
            del self._texts[: len(texts)]
            return "".join(texts).encode(self.encoding, self.errors)

    def take_last(self) -> bytes:
        """Likewise at the end; what threads write meanwhile is no part of the response."""
        with self._taking:
            text = "".join(self._texts)
            self._texts.clear()
            return text.encode(self.encoding, self.errors)

    def drop(self) -> None:
        """Forgets what has not been passed on."""
        self._texts.clear()


def _refuse(_text: str) -> None:
    raise ValueError("I/O operation on closed file.")
