"""Standard streams that belong to the request of the caller."""

from __future__ import annotations

import io
import sys
from types import ModuleType
from typing import Any, BinaryIO, TextIO, cast

from taipan.scripts.request.current import PRINT, ScriptRequest, current_request


class _RequestStream(io.TextIOBase):
    """Forwards to the stream of the present request; outside of requests to that of the process."""

    def __init__(self, name: str, process: TextIO, *, follows: bool = False) -> None:
        super().__init__()
        self._name = name
        #: The stream outside of requests.
        self.process = process
        #: What scripts see: this stream, or where it follows what they put into its place, one
        #: that does not, which they can wrap.
        self.own: _RequestStream = self._make_own() if follows else self

    def _stream(self) -> Any:
        request = current_request()
        if request is None:
            return self.process
        # `print` comes here even if the script has put another stream into the place.
        replaced = self.own if self.own is self else request.replaced.get(self._name, self.own)
        if replaced is self.own:
            return self._of(request)
        return _NOWHERE if replaced is None else replaced

    # typeshed lets it be set.
    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What programs look for before they use `buffer` or `reconfigure`, `cgi` among them."""
        return io.TextIOWrapper

    def _make_own(self) -> _RequestStream:
        return type(self)(self._name, self.process)

    def _of(self, request: ScriptRequest) -> Any:
        raise NotImplementedError

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

    # typeshed has attributes that can be set.
    @property
    def encoding(self) -> str:  # type: ignore[override]
        """As of the file."""
        return str(self._stream().encoding)

    # Likewise.
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
        if current_request() is not None:
            self._stream().close()

    def __del__(self) -> None:
        # That of `io.IOBase` closes, which is the stream of whatever request runs then.
        pass

    def detach(self) -> BinaryIO:
        """The bytes below, of the request only."""
        if current_request() is None:
            raise io.UnsupportedOperation("detach")
        return cast(BinaryIO, self._stream().detach())

    def fileno(self) -> int:
        """Requests have no descriptor."""
        if current_request() is None:
            return int(self.process.fileno())
        raise io.UnsupportedOperation(
            f"fileno: sys.{self._name} of a request has no descriptor; sys.{self._name}.buffer has"
            f" its bytes, sys.{self._name}.reconfigure() changes the encoding"
        )


class RequestOutput(_RequestStream):
    """`sys.stdout`."""

    # `print` calls it for each text, so that no code in Python is between it and the response:
    # what the request has given, by default this object.
    write = property(PRINT.get)

    def __call__(self, text: str, /) -> int:
        """What `write` was outside of requests: writes for the caller all the same."""
        return PRINT.get(self.process.write)(text)  # type: ignore[no-any-return]  # streams may be any

    def _make_own(self) -> _RequestStream:
        return _OwnOutput(self._name, self.process)

    def _of(self, request: ScriptRequest) -> Any:
        return request.stdout

    def flush(self) -> None:
        """Sends what was written so far."""
        self._stream().flush()

    def writable(self) -> bool:
        """Always."""
        return True


class _OwnOutput(RequestOutput):
    """The response, whatever the script has put into the place of `sys.stdout`."""

    def write(self, text: str, /) -> int:
        """Writes to the response."""
        request = current_request()
        return int((self.process if request is None else request.stdout).write(text))


class RequestErrors(_RequestStream):
    """`sys.stderr`: the log, unless the script has replaced it."""

    def _of(self, request: ScriptRequest) -> Any:
        return self.process

    def write(self, text: str, /) -> int:
        """Writes to the log."""
        return int(self._stream().write(text))

    def flush(self) -> None:
        """Ends the line."""
        self._stream().flush()

    def close(self) -> None:
        """Does nothing: the log is everybody's."""

    def writable(self) -> bool:
        """Always."""
        return True


class RequestInput(_RequestStream):
    """`sys.stdin`."""

    mode = "r"

    def _of(self, request: ScriptRequest) -> Any:
        return request.body

    def read(self, size: int | None = -1, /) -> str:
        """Reads the body of the request."""
        return str(self._stream().read(size))

    # typeshed has the bytes of `io.IOBase` for text, too.
    def readline(self, size: int = -1, /) -> str:  # type: ignore[override]
        """Reads a line of the body."""
        return str(self._stream().readline(size))

    def readable(self) -> bool:
        """Always."""
        return True


class _Nowhere(io.TextIOBase):
    """Where a script writes that has put None into the place of a stream."""

    def write(self, text: str, /) -> int:
        """Drops it."""
        return len(text)


_NOWHERE = _Nowhere()


def _of_request(name: str) -> property:
    """An attribute of `sys` that a script sees and replaces for its own request only."""

    def read(module: ModuleType) -> Any:
        request = current_request()
        value = module.__dict__[name]
        return value if request is None else request.replaced.get(name, _own(value))

    def write(module: ModuleType, value: Any) -> None:
        request = current_request()
        if request is None:
            module.__dict__[name] = value
            return
        request.replaced[name] = value = _own(value)
        if name == "stdout":
            own = value is _own(module.__dict__[name])
            # As for a program: what is printed to None goes nowhere.
            request.print_to(None if own else getattr(value, "write", len))

    return property(read, write, lambda module: write(module, None))


def _original(name: str) -> property:
    """An attribute of `sys` for what a stream was before the script replaced it."""

    def read(module: ModuleType) -> Any:
        if current_request() is None:
            return module.__dict__[f"__{name}__"]
        return _own(module.__dict__[name])

    def write(module: ModuleType, value: Any) -> None:
        module.__dict__[f"__{name}__"] = value

    return property(read, write)


def _own(value: Any) -> Any:
    return value.own if isinstance(value, _RequestStream) else value


def _arguments() -> property:
    """`sys.argv`, which is made when it is asked for."""
    plain = _of_request("argv")

    def read(module: ModuleType) -> Any:
        request = current_request()
        if request is not None and request.has_environment and "argv" not in request.replaced:
            request.set_arguments()
        return plain.__get__(module)

    return property(read, plain.fset, plain.fdel)


class _SystemModule(ModuleType):
    """`sys`: `print` and `input` look into its dict, everything else sees these attributes."""

    stdin = _of_request("stdin")
    stdout = _of_request("stdout")
    stderr = _of_request("stderr")
    argv = _arguments()
    __stdin__ = _original("stdin")
    __stdout__ = _original("stdout")
    __stderr__ = _original("stderr")


def detach_streams(request: ScriptRequest) -> None:
    """What the request prints goes to the output of the process, and its input is empty."""
    request.detach(process_output())


def process_output() -> TextIO:
    """The output of the process, whoever asks."""
    stream: TextIO = sys.__dict__["stdout"]
    return stream.process if isinstance(stream, RequestOutput) else stream


def install_streams() -> None:
    """Makes `sys.stdout` and `sys.stdin` those of the present request."""
    sys.stdout = cast(TextIO, RequestOutput("stdout", sys.stdout, follows=True))
    sys.stdin = cast(TextIO, RequestInput("stdin", sys.stdin, follows=True))
    sys.stderr = cast(TextIO, RequestErrors("stderr", sys.stderr, follows=True))
    sys.__class__ = _SystemModule
