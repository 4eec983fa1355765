"""Sends the file of a request in place of a handler, where filters shall see it."""

from __future__ import annotations

import mimetypes
import os
import re
import stat
from typing import Any

from taipan.connection.local_file import with_charset
from taipan.folders import leads_below
from taipan.scripts.mod_python.constants import (
    HTTP_FORBIDDEN,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_NOT_FOUND,
    OK,
)
from taipan.scripts.request.current import ScriptRequest

_INDEX = "index.html"
#: As in `src/pipeline/scripts/script-kinds.ts`.
_SOURCES = frozenset(
    "py pyc pyd pyi pyo pyw pyx pxd psp ptl tmpl cgi wsgi asgi asa asp inc"
    " php php3 php4 php5 php7 php8 phtml phar".split(),
)
_CONFIGURATION = re.compile(r"(?:^|/)taipan\.config\.[^/]*$", re.IGNORECASE)
_WORD = re.compile(r"[a-z0-9]*")


def send_default_file(request: ScriptRequest, req: Any) -> int:
    """Writes the file, and gives the status to answer with."""
    path = os.path.join(request.path, _INDEX) if req.uri.endswith("/") else request.path
    if req.path_info or _is_hidden(path, request.settings.root):
        return HTTP_NOT_FOUND
    if req.method not in ("GET", "HEAD"):
        return HTTP_METHOD_NOT_ALLOWED
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return HTTP_NOT_FOUND
        kind, encoding = mimetypes.guess_type(path)
        req.content_type = req.content_type or with_charset(kind or "application/octet-stream")
        req.content_encoding = req.content_encoding or encoding
        req.sendfile(path)
    except PermissionError:
        return HTTP_FORBIDDEN
    except (FileNotFoundError, NotADirectoryError):
        return HTTP_NOT_FOUND
    return OK


def _is_hidden(path: str, root: str) -> bool:
    """Sources, hidden names, and what links lead out of the folder to."""
    if not leads_below(path, root):
        return True
    top, real = os.path.realpath(root), os.path.realpath(path)
    return any(map(_is_source, (os.path.relpath(path, root), os.path.relpath(real, top))))


def _is_source(name: str) -> bool:
    parts = name.lower().split(".")[1:]
    words = {match[0] for part in parts if (match := _WORD.match(part))}
    hidden = name.startswith(".") or "/." in name or name.endswith("~")
    return hidden or bool(words & _SOURCES) or _CONFIGURATION.search(name) is not None
