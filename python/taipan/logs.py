"""What the application prints, as log records that know the request of the thread that printed."""

from __future__ import annotations

import io
import os
import sys
from _thread import get_ident
from collections.abc import Iterable
from typing import Callable, Union

Emit = Callable[[dict[str, object]], None]

_LEVELS = {"stdout": "info", "stderr": "error", "errors": "error"}
_RECORD_LIMIT = 64 * 1024
_TRACEBACK = b"Traceback (most recent call last):"
_Bytes = Union[bytes, bytearray, memoryview]


class Requests:
    """Which request each thread serves this moment."""

    __slots__ = ("of_thread",)

    def __init__(self) -> None:
        self.of_thread: dict[int, str | None] = {}

    def current(self) -> str | None:
        """The id of the calling thread's request; None outside of requests."""
        return self.of_thread.get(get_ident())


class LogBuffer(io.BufferedIOBase):
    """The binary side of a log stream: gathers lines for each thread and emits them."""

    def __init__(self, stream: str, descriptor: int, emit: Emit, requests: Requests) -> None:
        super().__init__()
        self.name = f"<{stream}>"
        self.mode = "wb"
        #: Bytes of unfinished lines by thread.
        self.pending: dict[int, bytes] = {}
        self._stream = stream
        self._descriptor = descriptor
        self._emit = emit
        self._requests = requests
        self._process = os.getpid()

    @property
    def raw(self) -> io.RawIOBase:
        """The buffer itself: nothing lies between it and the log."""
        return self  # type: ignore[return-value]

    def write(self, data: _Bytes, /) -> int:  # type: ignore[override]
        """Emits complete lines as one record and keeps the rest until its end is written."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        block = bytes(data)
        if os.getpid() != self._process:
            # A forked child shares the control channel with its parent and must not write to it.
            return os.write(self._descriptor, block)
        ident = get_ident()
        text = self.pending.pop(ident, b"") + block
        end = text.rfind(b"\n") + 1
        if text.startswith(_TRACEBACK) and len(text) < _RECORD_LIMIT:
            end = _end_of_traceback(text)
        elif len(text) - end > _RECORD_LIMIT:
            end = len(text)
        if end < len(text):
            self.pending[ident] = text[end:]
        if end:
            self._record(text[:end])
        return len(block)

    def flush(self) -> None:
        """Emits the calling thread's unfinished line."""
        if self.closed or os.getpid() != self._process:
            return
        text = self.pending.pop(get_ident(), None)
        if text:
            self._record(text)

    def flush_all(self) -> None:
        """Emits the unfinished lines of all threads."""
        for ident in list(self.pending):
            text = self.pending.pop(ident, None)
            if text:
                self._record(text)

    def _record(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip("\n")
        if not text:
            return
        self._emit(
            {
                "type": "log",
                "stream": self._stream,
                "level": _LEVELS[self._stream],
                "request": self._requests.current(),
                "text": text,
            }
        )

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Never."""
        return False

    def fileno(self) -> int:
        """The descriptor that bypasses the log, for children and for C code."""
        return self._descriptor


class _KeptBuffer(LogBuffer):
    """Shared by all requests, so that none may close it for the others."""

    def close(self) -> None:
        self.flush()


def _end_of_traceback(text: bytes) -> int:
    """Where the record ends: behind the first line below the head that is not indented."""
    at = text.find(b"\n") + 1
    while at:
        following = text.find(b"\n", at) + 1
        if following and text[at : at + 1] not in (b" ", b"\t", b"\n"):
            return text.rfind(b"\n") + 1
        at = following
    return 0


class Logs:
    """The three streams of a worker."""

    def __init__(self, emit: Emit, requests: Requests) -> None:
        self._emit = emit
        self._requests = requests
        self._buffers = [
            LogBuffer("stdout", 1, emit, requests),
            LogBuffer("stderr", 2, emit, requests),
            _KeptBuffer("errors", 2, emit, requests),
        ]
        self.stdout, self.stderr, self.errors = (_text(buffer) for buffer in self._buffers)
        self._pendings = [buffer.pending for buffer in self._buffers]

    def install(self) -> None:
        """Replaces `sys.stdout` and `sys.stderr`."""
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]

    def end_request(self) -> None:
        """Emits what the calling thread left without a newline, under its request."""
        for pending in self._pendings:
            if pending:
                ident = get_ident()
                for buffer in self._buffers:
                    if ident in buffer.pending:
                        buffer.flush()
                return

    def flush(self) -> None:
        """Emits everything that is unfinished."""
        for buffer in self._buffers:
            buffer.flush_all()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """A record of the worker itself."""
        record: dict[str, object] = {
            "type": "log",
            "stream": "worker",
            "level": level,
            "request": self._requests.current(),
            "text": text,
        }
        if traceback is not None:
            record["traceback"] = traceback
        self._emit(record)


class _Stream(io.TextIOWrapper):
    """A text stream for which every write is one write of its buffer."""

    mode = "w"

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        self.write("".join(lines))


def _text(buffer: LogBuffer) -> _Stream:
    return _Stream(buffer, encoding="utf-8", errors="backslashreplace", write_through=True)
