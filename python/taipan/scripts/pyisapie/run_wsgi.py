"""Answers a request by a WSGI application (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from taipan.events import Environ
from taipan.scripts.pyisapie.request import IsapiRequest, require_isapi
from taipan.scripts.request.output import WholeResponse
from taipan.wsgi.file_wrapper import FileWrapper
from taipan.wsgi.head import make_head

Application = Callable[..., Iterable[bytes]]


def run_wsgi(application: Application, base: str | None) -> None:
    """Calls an application. Its SCRIPT_NAME is `base`; None: the path of the route."""
    isapi = require_isapi()
    run = _Run(isapi)
    result = application(make_environ(isapi, base), run.start_response)
    if isinstance(result, FileWrapper) and run.is_untouched:
        # The server may send the file itself.
        isapi.script.output.answer(WholeResponse(run.status, isapi.complete_fields(), result))
        return
    try:
        run.send(result)
    finally:
        close = getattr(result, "close", None)
        if close is not None:
            close()


def make_environ(isapi: IsapiRequest, base: str | None) -> Environ:
    """A dict for one call, with the path divided behind `base`."""
    own = isapi.script.environ
    environ = {key: value for key, value in own.items() if not key.startswith("taipan.script")}
    whole = own["SCRIPT_NAME"] + own["PATH_INFO"]
    if base is None:
        from urllib.parse import unquote

        base = unquote(isapi.script.settings.mount)
    name = base.rstrip("/").encode("utf-8", "surrogateescape").decode("latin-1")
    if not is_below(whole, name):
        name = ""
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = name, whole[len(name) :]
    if environ["wsgi.url_scheme"] == "https":
        environ["HTTPS"] = "on"
    return environ


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is a prefix without a slash at its end, or leads on from it."""
    return path.startswith(prefix) and path[len(prefix) : len(prefix) + 1] in ("", "/")


class _Run:
    """What an application does to the response."""

    #: Empty: it has not begun.
    status = ""

    def __init__(self, isapi: IsapiRequest) -> None:
        self._isapi = isapi
        self._output = isapi.script.output
        self._has_written = False

    @property
    def is_untouched(self) -> bool:
        """The head is known, and nothing has been written."""
        return bool(self.status) and not self._isapi.script.has_output and not self._output.begun

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """As PEP 3333 says."""
        try:
            if exc_info and self._output.begun:
                raise exc_info[1].with_traceback(exc_info[2])
            if self.status and not exc_info:
                raise AssertionError("start_response() was called twice without exc_info")
        finally:
            exc_info = None
        # What is wrong with it is raised here.
        make_head(status, headers)
        if self.status:
            self._isapi.script.drop()
        self.status = status
        self._isapi.set_application_head(status, headers[:])
        return self._write

    def send(self, result: Any) -> None:
        """Sends the body."""
        if result is None or isinstance(result, (str, bytes, bytearray)):
            raise TypeError(
                f"the application returned {type(result).__name__}; it must return an iterable of"
                " bytes, such as [body]"
            )
        is_whole = isinstance(result, (list, tuple))
        for block in result:
            self._add(block)
            if block and not is_whole:
                self._output.send()
        if not self.status:
            raise AssertionError("the application has not called start_response()")

    def _write(self, data: bytes) -> None:
        self._add(data)
        self._output.send()

    def _add(self, block: bytes) -> None:
        if not self.status:
            raise AssertionError("the application sends data before it calls start_response()")
        if not isinstance(block, bytes):
            raise TypeError(f"the application sends {type(block).__name__}; it must send bytes")
        if block:
            self._isapi.script.text.buffer.write(block)
