"""Standard streams that belong to the request of the caller."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import Any, BinaryIO, TextIO, cast

from taipan.scripts.current import CURRENT


class _RequestStream(io.TextIOBase):
    """Forwards to the stream of the present request; outside of requests to that of the process."""

    def __init__(self, name: str, process: TextIO) -> None:
        super().__init__()
        self._name = name
        self._process = process

    def _stream(self) -> Any:
        request = CURRENT.get()
        return self._process if request is None else getattr(request, self._name)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream(), name)

    @property
    def name(self) -> str:
        """As of the file."""
        return f"<{self._name}>"

    @property
    def buffer(self) -> BinaryIO:
        """The bytes below."""
        return cast(BinaryIO, self._stream().buffer)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As of the file."""
        return str(self._stream().encoding)

    @property
    def errors(self) -> str:  # type: ignore[override]
        """As of the file."""
        return str(self._stream().errors)

    @property
    def closed(self) -> bool:
        """As of the file."""
        return bool(self._stream().closed)

    def close(self) -> None:
        """Closes the stream of the request only."""
        if CURRENT.get() is not None:
            self._stream().close()

    def fileno(self) -> int:
        """Requests have no descriptor."""
        return int(self._process.fileno()) if CURRENT.get() is None else super().fileno()


class RequestOutput(_RequestStream):
    """`sys.stdout`."""

    def write(self, text: str, /) -> int:
        """Writes to the response."""
        request = CURRENT.get()
        return int((self._process if request is None else request.stdout).write(text))

    def flush(self) -> None:
        """Sends what was written so far."""
        self._stream().flush()

    def writable(self) -> bool:
        """Always."""
        return True


class RequestInput(_RequestStream):
    """`sys.stdin`."""

    def read(self, size: int | None = -1, /) -> str:
        """Reads the body of the request."""
        return str(self._stream().read(size))

    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """Reads a line of the body."""
        return str(self._stream().readline(size))

    def readable(self) -> bool:
        """Always."""
        return True


class _SystemModule(ModuleType):
    """`sys`, where a script replaces the streams of its own request only."""

    def __setattr__(self, name: str, value: object) -> None:
        request = CURRENT.get() if name in ("stdout", "stdin") else None
        if request is None:
            super().__setattr__(name, value)
        elif value is self.__dict__[name]:
            # redirect_stdout() and the like put back what they found.
            request.__dict__.pop(name, None)
            request.restore(name)
        else:
            request.__dict__[name] = value


def install_streams() -> None:
    """Makes `sys.stdout` and `sys.stdin` those of the present request. May be called twice."""
    if isinstance(sys, _SystemModule):
        return
    sys.stdout = cast(TextIO, RequestOutput("stdout", sys.stdout))
    sys.stdin = cast(TextIO, RequestInput("stdin", sys.stdin))
    sys.__class__ = _SystemModule
