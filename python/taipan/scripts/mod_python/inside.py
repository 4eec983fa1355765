"""Files that handlers may run by their URLs."""

from __future__ import annotations

import os
from typing import Any

from taipan.scripts.mod_python.apache import SERVER_RETURN

_FORBIDDEN = 403


def require_inside(req: Any, path: str) -> None:
    """Raises `SERVER_RETURN` with 403 if links lead from the folder of the route to elsewhere."""
    root = os.path.realpath(req._pages.folder.root).rstrip("/")
    if not os.path.realpath(path).startswith(f"{root}/"):
        raise SERVER_RETURN(_FORBIDDEN)
