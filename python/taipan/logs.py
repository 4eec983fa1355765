"""Turns the output of applications into log records with the id of the present request."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from logging import LogRecord
from typing import Callable, Union

from taipan.framework_handlers import find_record
from taipan.log_records import describe_record, take_over
from taipan.native import get_ident, wait_for_descriptors
from taipan.printed_tracebacks import begins_traceback, belongs_to_traceback, find_end
from taipan.tracebacks import TEXT_LIMIT, shorten

Emit = Callable[[dict[str, object]], None]

_RECORD_LIMIT = 64 * 1024
#: Characters of one record; each one takes up to 12 bytes on the control channel.
_PIECE_LIMIT = 4 * 1024 * 1024
#: A thread, or a coroutine that serves a request in it.
Writer = Union[int, tuple[int, str]]
_Bytes = Union[bytes, bytearray, memoryview]


#: The request that a coroutine serves; threads started for it inherit the value.
CURRENT_REQUEST: ContextVar[str | None] = ContextVar("taipan_request", default=None)


def write_all(descriptor: int, data: bytes, patience: float | None = None) -> bool:
    """Writes directly to a descriptor, even if Node has made it non-blocking.

    False if nothing was accepted for `patience` seconds. Raises OSError if writing is impossible.
    """
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            if not wait_for_descriptors([], [descriptor], [], patience)[1]:
                return False
    return True


class Requests:
    """The present request of each thread and coroutine."""

    __slots__ = ("of_thread",)

    def __init__(self) -> None:
        self.of_thread: dict[int, str | None] = {}

    def current(self) -> str | None:
        """The id of the request that the caller serves; None outside of requests."""
        return self.of_thread.get(get_ident()) or CURRENT_REQUEST.get()

    def writer(self) -> Writer:
        """The caller's thread or coroutine, whose lines are not mixed with those of others."""
        ident = get_ident()
        if self.of_thread.get(ident) is not None:
            return ident
        request = CURRENT_REQUEST.get()
        return ident if request is None else (ident, request)


class LogBuffer(io.BufferedIOBase):
    """Binary log stream: collects the lines of each thread and emits them."""

    def __init__(self, stream: str, descriptor: int, emit: Emit, requests: Requests) -> None:
        super().__init__()
        self.name = f"<{stream}>"
        self.mode = "wb"
        #: Bytes of unfinished lines.
        self.pending: dict[Writer, bytes] = {}
        self._stream = stream
        self._descriptor = descriptor
        self._emit = emit
        self._requests = requests
        self._process = os.getpid()

    def move_to_child(self, emit: Emit) -> None:
        """As `Logs.move_to_child`."""
        self._emit = emit
        self._process = os.getpid()

    @property
    def raw(self) -> io.RawIOBase:
        """The buffer itself; nothing else is between it and the log."""
        return self  # type: ignore[return-value]

    def write(self, data: _Bytes, /) -> int:  # type: ignore[override]
        """Emits complete lines as one record and keeps an unfinished line."""
        if self.closed:
            raise ValueError("I/O operation on closed file.")
        block = bytes(data)
        if os.getpid() != self._process:
            # A forked child must not write to the control channel, which it shares with its parent.
            write_all(self._descriptor, block)
            return len(block)
        record = find_record(sys._getframe(1))
        if record is not None:
            self._emit(_make_record(record, self._requests))
            return len(block)
        writer = self._requests.writer()
        text = self.pending.pop(writer, b"") + block
        end = text.rfind(b"\n") + 1
        if len(text) < _RECORD_LIMIT and begins_traceback(text):
            end = find_end(text)
        elif len(text) - end > _RECORD_LIMIT:
            end = len(text)
        if end < len(text):
            self.pending[writer] = text[end:]
        if end:
            self._record(text[:end])
        return len(block)

    def flush(self) -> None:
        """Emits the unfinished line of the caller."""
        if self.closed or os.getpid() != self._process:
            return
        text = self.pending.pop(self._requests.writer(), None)
        if text:
            self._record(text)

    def flush_all(self) -> None:
        """Emits the unfinished lines of all threads and coroutines."""
        for writer in list(self.pending):
            text = self.pending.pop(writer, None)
            if text:
                self._record(text, writer[1] if isinstance(writer, tuple) else None)

    def _record(self, line: bytes, request: str | None = None) -> None:
        text = line.decode("utf-8", "replace").rstrip("\n")
        level = "error" if belongs_to_traceback(line) else "output"
        for at in range(0, len(text), _PIECE_LIMIT):
            self._emit(
                {
                    "type": "log",
                    "stream": self._stream,
                    "level": level,
                    "request": request or self._requests.current(),
                    "text": text[at : at + _PIECE_LIMIT],
                }
            )

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """Never."""
        return False

    def fileno(self) -> int:
        """The descriptor below the log, for children and C code."""
        return self._descriptor


class _KeptBuffer(LogBuffer):
    """A buffer that cannot be closed, because all requests share it."""

    def close(self) -> None:
        self.flush()


class Logs:
    """The output streams of a worker."""

    def __init__(self, emit: Emit, requests: Requests) -> None:
        self._emit = emit
        self._requests = requests
        self._process = os.getpid()
        self._buffers = [
            LogBuffer("stdout", 1, emit, requests),
            LogBuffer("stderr", 2, emit, requests),
            _KeptBuffer("errors", 2, emit, requests),
        ]
        self.stdout, self.stderr, self.errors = (_text(buffer) for buffer in self._buffers)
        self._pendings = [buffer.pending for buffer in self._buffers]

    def install(self) -> None:
        """Replaces `sys.stdout`, `sys.stderr` and the handlers that `logging` uses unconfigured."""
        sys.stdout = sys.__stdout__ = self.stdout  # type: ignore[misc]
        sys.stderr = sys.__stderr__ = self.stderr  # type: ignore[misc]
        take_over(self._take_record)

    def end_request(self) -> None:
        """Emits the caller's unfinished lines, with the id of its request."""
        for pending in self._pendings:
            if pending:
                writer = self._requests.writer()
                for buffer in self._buffers:
                    if writer in buffer.pending:
                        buffer.flush()
                return

    def move_to_child(self, emit: Emit) -> None:
        """Goes on in a forked process, whose records `emit` takes."""
        self._emit = emit
        self._process = os.getpid()
        for buffer in self._buffers:
            buffer.move_to_child(emit)

    def flush(self) -> None:
        """Emits all unfinished lines."""
        for buffer in self._buffers:
            buffer.flush_all()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """Logs a record of the worker itself."""
        record: dict[str, object] = {
            "type": "log",
            "stream": "worker",
            "level": level,
            "request": self._requests.current(),
            "text": shorten(text, TEXT_LIMIT),
        }
        if traceback is not None:
            record["traceback"] = traceback
        self._emit(record)

    def _take_record(self, record: LogRecord) -> None:
        made = _make_record(record, self._requests)
        if os.getpid() == self._process:
            self._emit(made)
        else:
            write_all(2, plain_text(made).encode("utf-8", "replace"))


def _make_record(record: LogRecord, requests: Requests) -> dict[str, object]:
    common = {"type": "log", "stream": "logging", "request": requests.current()}
    return {**common, **describe_record(record)}


def plain_text(record: Mapping[str, object]) -> str:
    """The lines of a record where nobody takes records."""
    text = str(record["text"])
    if "logger" in record:
        text = f"{str(record['level']).upper()}:{record['logger']}:{text}"
    return f"{text}\n{record['traceback']}\n" if record.get("traceback") else f"{text}\n"


class _Stream(io.TextIOWrapper):
    """A text stream that passes each write to its buffer at once."""

    mode = "w"

    def writelines(self, lines: Iterable[str], /) -> None:  # type: ignore[override]
        self.write("".join(lines))


def _text(buffer: LogBuffer) -> _Stream:
    return _Stream(buffer, encoding="utf-8", errors="backslashreplace", write_through=True)
