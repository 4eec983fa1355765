"""Files that handlers may run by their URLs."""

from __future__ import annotations

import os
from typing import Any

from taipan.looks import look
from taipan.scripts.mod_python.apache import HTTP_FORBIDDEN, SERVER_RETURN

_LIMIT = 4096

#: The versions of files that were found inside, by the folder and the path.
_inside: dict[tuple[str, str], tuple[int, ...]] = {}


def require_inside(req: Any, path: str) -> None:
    """Raises `SERVER_RETURN` with 403 if links lead from the folder of the route to elsewhere."""
    folder = req._pages.folder.root
    key, version = (folder, path), _version_of(path)
    if version is not None and _inside.get(key) == version:
        return
    root = os.path.realpath(folder).rstrip("/")
    if not os.path.realpath(path).startswith(f"{root}/"):
        raise SERVER_RETURN(HTTP_FORBIDDEN)
    if version is not None:
        if len(_inside) >= _LIMIT:
            _inside.clear()
        _inside[key] = version


def _version_of(path: str) -> tuple[int, ...] | None:
    """Identifies what links lead to; None: there is nothing."""
    found = look(path)
    if found is None:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_ctime_ns, found.st_size
