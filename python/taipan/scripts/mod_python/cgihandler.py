"""The handler `mod_python.cgihandler`: scripts of CGI, run as those of folders of scripts are."""

from __future__ import annotations

import os
from typing import Any

from taipan.scripts.mod_python.apache import HTTP_NOT_FOUND, OK, SERVER_RETURN
from taipan.scripts.mod_python.inside import require_inside
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.errors import OutputError
from taipan.scripts.request.head import parse_head

__all__ = ["handler"]


def handler(req: Any) -> int:
    """Answers with what the script prints that the URL names, with or without its extension."""
    path = _find_script(req.filename)
    require_inside(req, path)
    request: ScriptRequest = req._request
    req.filename = request.path = path
    request.environ["SCRIPT_FILENAME"] = os.fsencode(path).decode("latin-1")
    if req.user is not None:
        request.environ["REMOTE_USER"] = req.user
        request.environ["AUTH_TYPE"] = req.ap_auth_type or ""
    stdout = request.stdout
    printed = _Printed(req)
    request.take_prints()
    try:
        _run(req, request)
        printed.end()
    finally:
        printed.release()
        request.leave_prints(stdout)
    return OK


def _run(req: Any, request: ScriptRequest) -> None:
    try:
        req._pages.folder.run_script(request)
    except SystemExit as end:
        if isinstance(end.code, str):
            req.log_error(f"{request.path} ended with: {end.code}")


def _find_script(path: str) -> str:
    stem = os.path.splitext(path)[0]
    if not path.endswith("/") and not os.path.basename(path).startswith((".", "_")):
        for name in (f"{stem}.py", f"{stem}.cgi"):
            if os.path.isfile(name):
                return name
    raise SERVER_RETURN(HTTP_NOT_FOUND)


class _Printed:
    """What a script prints: the head is for the request, and the body goes on to its filters."""

    def __init__(self, req: Any) -> None:
        self._req = req
        self._request: ScriptRequest = req._request
        self._data = b""
        output = self._request.output
        self._next = output.body_filter
        output.body_filter = self._take

    def end(self) -> None:
        """Ends the script as a program ends. Raises `OutputError` if it printed no response."""
        request = self._request
        request.exit()
        # Its length may be known.
        request.output.holding = True
        getattr((request.replaced or {}).get("stdout"), "flush", int)()
        request.text.pass_on()
        if request.output.body_filter == self._take:
            if not self._data:
                raise OutputError(request.output.nothing)
            self._look(whole=True)

    def release(self) -> None:
        """Lets what is written from now on go past it."""
        if self._request.output.body_filter == self._take:
            self._request.output.body_filter = self._next

    def _take(self, data: bytes) -> None:
        self._data += data
        self._look(whole=False)

    def _look(self, *, whole: bool) -> None:
        head = parse_head(self._data, whole=whole)
        if head is None:
            return
        req = self._req
        if not head.usual or head.status != "200 OK":
            req.status = int(head.status[:3])
            req.status_line = head.status
        for name, value in head.fields:
            if name.lower() == "content-type":
                req.content_type = value
            else:
                req.headers_out.add(name, value)
        self.release()
        if len(self._data) > head.body_at:
            self._request.output.add(self._data[head.body_at :])
