"""The handler `mod_python.cgihandler`: scripts of CGI, run as those of folders of scripts are."""

from __future__ import annotations

import os
from typing import Any

from taipan.scripts.mod_python.apache import OK, SERVER_RETURN
from taipan.scripts.mod_python.inside import require_inside
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import ScriptHead

__all__ = ["handler"]

_NOT_FOUND = 404


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
    output = request.output
    output.make_head, output.may_be_empty = None, False
    output.complete_head = lambda head: _complete(req, head)
    try:
        req._pages.folder.run_script(request)
    except SystemExit as end:
        if isinstance(end.code, str):
            req.log_error(f"{path} ended with: {end.code}")
    return OK


def _find_script(path: str) -> str:
    stem = os.path.splitext(path)[0]
    for name in (f"{stem}.py", f"{stem}.cgi"):
        if not path.endswith("/") and os.path.isfile(name):
            return name
    raise SERVER_RETURN(_NOT_FOUND)


def _complete(req: Any, head: ScriptHead) -> ScriptHead:
    """What handlers have set besides; the client follows redirects itself."""
    req.status = int(head.status[:3])
    others = [*req.err_headers_out.items(), *req.headers_out.items()]
    return head._replace(fields=[*head.fields, *others], usual=False)
