"""What a script prints, on its way to the response."""

from __future__ import annotations

import io
from typing import Callable, Union

from taipan.scripts.errors import OutputError
from taipan.scripts.head import ScriptHead, parse_head

#: Output up to this size leaves in one piece, with a Content-Length.
ONE_PIECE = 64 * 1024

StartResponse = Callable[..., Callable[[bytes], None]]
_Bytes = Union[bytes, bytearray, memoryview]


class ScriptOutput:
    """Collects output until its head is known and it has to leave."""

    def __init__(self, start_response: StartResponse, on_bare: Callable[[], None]) -> None:
        self._start_response = start_response
        self._on_bare = on_bare
        self._write: Callable[[bytes], None] | None = None
        self._pieces: list[bytes] = []
        self._size = 0
        self._ended = False
        self._holding = False
        #: Makes the head where it is not printed; None: it is the start of the output.
        self.make_head: Callable[[], ScriptHead] | None = None

    @property
    def begun(self) -> bool:
        """The head has left, so that errors can only cut the response."""
        return self._write is not None

    def add(self, data: bytes) -> None:
        """Takes a piece of output; sends what is too much to be held."""
        if self._ended:
            raise ValueError("the request is over")
        if self._write is not None:
            self._write(data)
            return
        self._pieces.append(data)
        self._size += len(data)
        if self._size > ONE_PIECE:
            self.send()

    def send(self) -> None:
        """Sends what has been collected, once the head is whole."""
        if self._write is not None or self._holding or not self._pieces:
            return
        collected = self._take()
        head = parse_head(collected, whole=False) if self.make_head is None else self.make_head()
        if head is None:
            self._pieces, self._size = [collected], len(collected)
            return
        if head.bare:
            self._on_bare()
        self._write = self._start_response(head.status, head.fields)
        self._write(collected[head.body_at :])

    def hold(self) -> None:
        """Nothing leaves before `finish`, which may know the length of all."""
        self._holding = True

    def drop(self) -> None:
        """Forgets what has not left."""
        self._take()

    def finish(self) -> list[bytes]:
        """The rest of the body. Raises `OutputError` if the output is no response."""
        self._ended = True
        if self._write is not None:
            return []
        collected = self._take()
        if self.make_head is not None:
            head: ScriptHead | None = self.make_head()
        elif collected:
            head = parse_head(collected, whole=True)
        else:
            raise OutputError("the script printed nothing")
        assert head is not None
        if head.bare:
            self._on_bare()
        body = collected[head.body_at :]
        self._start_response(head.status, head.fields if body else _with_redirect(head))
        return [body]

    def _take(self) -> bytes:
        collected = b"".join(self._pieces)
        self._pieces, self._size = [], 0
        return collected


class BinaryOutput(io.BufferedIOBase):
    """`sys.stdout.buffer` of a request."""

    name = "<stdout>"
    mode = "wb"
    _closing = False

    def __init__(self, output: ScriptOutput) -> None:
        super().__init__()
        self._output = output

    def write(self, data: _Bytes, /) -> int:  # type: ignore[override]
        """Adds to the response."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        block = bytes(data)
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


class TextOutput:
    """`sys.stdout` of a request: a text file in UTF-8 without newline translation."""

    name = "<stdout>"
    mode = "w"
    closed = False

    def __init__(self, output: ScriptOutput) -> None:
        self.encoding = "utf-8"
        #: As for file names: what came in as undecodable bytes goes out as the same bytes.
        self.errors = "surrogateescape"
        self._output = output
        self._texts: list[str] = []
        self._length = 0
        self._buffer: BinaryOutput | None = None

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
        self._texts.append(text)
        size = len(text)
        self._length += size
        if self._length > ONE_PIECE:
            self.pass_on()
        return size

    def flush(self) -> None:
        """Sends what was written so far."""
        if not self.closed:
            self.pass_on()
            self._output.send()

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

    def pass_on(self) -> None:
        """Gives what was written to the response."""
        if self._texts:
            text = "".join(self._texts)
            self.drop()
            self._output.add(text.encode(self.encoding, self.errors))

    def drop(self) -> None:
        """Forgets what has not been passed on."""
        self._texts.clear()
        self._length = 0


def _with_redirect(head: ScriptHead) -> list[tuple[str, str]]:
    """Tells Node to follow a local redirect within the server (RFC 3875, 6.2.2)."""
    if head.implied and len(head.fields) == 1 and head.fields[0][1].startswith("/"):
        return [*head.fields, ("X-Taipan-Redirect", head.fields[0][1])]
    return head.fields
