"""The handler `mod_python.wsgi`: an application of WSGI (PEP 3333) below a handler's folder."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable
from urllib.parse import unquote

from taipan.scripts.mod_python.apache import APLOG_WARNING, DECLINED, OK

__all__ = ["handler"]

_APPLICATION = ("mod_python.wsgi.application", "wsgi.application")
_BASE = ("mod_python.wsgi.base_uri", "wsgi.base_uri")


def handler(req: Any) -> int:
    """Answers by the application that the options name; declines if there is none."""
    name = _option(req, _APPLICATION)
    application = _find_application(req, name)
    if application is None:
        text = f"mod_python.wsgi.application ({name!r}) names no application; declined"
        req.log_error(text, APLOG_WARNING)
        return DECLINED
    base = (_option(req, _BASE) or unquote(req._request.settings.mount)).rstrip("/")
    if req.uri != base and not req.uri.startswith(f"{base}/"):
        text = f"{req.uri!r} does not start with mod_python.wsgi.base_uri ({base!r}); declined"
        req.log_error(text, APLOG_WARNING)
        return DECLINED
    _Call(req).run(application, _make_environ(req, base))
    return OK


def _option(req: Any, names: tuple[str, ...]) -> str:
    options = req.get_options()
    return next((options[name] for name in names if options.get(name)), "")


def _find_application(req: Any, name: str) -> Callable[..., Any] | None:
    place, _, attribute = name.partition("::")
    if not place:
        return None
    folder = req._pages.folder
    modules = folder.modules_of(folder.root)
    modules.refresh()
    module = modules.import_module(place, fromlist=("",))
    application: Callable[..., Any] | None = getattr(module, attribute or "application", None)
    return application


def _make_environ(req: Any, base: str) -> dict[str, Any]:
    environ = {
        name: value
        for name, value in req._request.environ.items()
        if not name.startswith("taipan.")
    }
    environ["SCRIPT_NAME"], environ["PATH_INFO"] = base, req.uri[len(base) :]
    environ["wsgi.input"] = req.body
    if req.user is not None:
        environ["REMOTE_USER"] = req.user
        environ["AUTH_TYPE"] = req.ap_auth_type or ""
    return environ


class _Call:
    """One call of an application."""

    def __init__(self, req: Any) -> None:
        self._req = req
        #: The fields that handlers before have set.
        self._others: Any = None

    def run(self, application: Callable[..., Any], environ: dict[str, Any]) -> None:
        """Sends what it gives, each block when it comes."""
        response: Iterable[bytes] = application(environ, self.start_response)
        try:
            whole = isinstance(response, (list, tuple))
            for block in response:
                if block:
                    self._write(block, 0 if whole else 1)
            if self._others is None:
                raise RuntimeError("the application has not called start_response")
        finally:
            close = getattr(response, "close", None)
            if close is not None:
                close()

    def start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], None]:
        """Sets the head of the response."""
        req = self._req
        if exc_info is not None:
            try:
                if req.sent:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None
        elif self._others is not None:
            raise RuntimeError("the application has called start_response twice")
        if self._others is None:
            self._others = req.headers_out.copy()
        req.headers_out, req.content_type = self._others.copy(), None
        req.status = int(status[:3])
        req.status_line = status
        for name, value in headers:
            if name.lower() == "content-type":
                req.content_type = value
            else:
                req.headers_out.add(name, value)
        return self._write

    def _write(self, block: bytes, flush: int = 1) -> None:
        if self._others is None:
            raise RuntimeError("the application has to call start_response before it writes")
        if not isinstance(block, bytes):
            raise TypeError(f"the application gave {type(block).__name__} where bytes are wanted")
        self._req.write(block, flush)
