"""URLs of a folder of scripts that a page includes."""

from __future__ import annotations

import mimetypes
import os
from typing import Literal

IncludedKind = Literal["psp", "script", "file"]

_KINDS: dict[str, IncludedKind] = {".psp": "psp", ".py": "script"}
#: Tried in this order for a name without an extension.
_EXTENSIONS = (".py", ".psp", ".html")
_TEXTS = frozenset(
    (
        "text/html text/plain text/css text/javascript text/xml text/csv text/markdown"
        " application/json application/javascript application/xml application/xhtml+xml"
        " image/svg+xml"
    ).split()
)


def resolve_url(page: str, url: str) -> str:
    """The path of a URL that a page names; both begin at the folder.

    Raises `ValueError` if it leaves the folder.
    """
    if not url or "\0" in url:
        raise ValueError(f"{url!r} names no page to include")
    parts: list[str] = []
    for part in (url if url.startswith("/") else f"{page.rpartition('/')[0]}/{url}").split("/"):
        if part == "..":
            if not parts:
                raise ValueError(f"{url!r} leaves the folder of scripts")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def find_included(root: str, path: str) -> tuple[str, IncludedKind]:
    """The file of a path below the folder, and what it is.

    Raises `FileNotFoundError`, also for what no client would get.
    """
    hidden = any(part.startswith((".", "__pycache__")) for part in path.split("/"))
    wanted = root.rstrip("/") + path
    candidates = [wanted, *(wanted + extension for extension in _EXTENSIONS)]
    file = next((one for one in candidates if os.path.isfile(one)), "")
    # Links may lead elsewhere.
    real, top = os.path.realpath(file), os.path.realpath(root)
    if not file or hidden or os.path.commonpath([real, top]) != top:
        raise FileNotFoundError(f"cannot include {path}: there is no such page in {root}")
    kind = _KINDS.get(os.path.splitext(real)[1])
    if kind is not None:
        return file, kind
    if mimetypes.guess_type(real)[0] not in _TEXTS:
        raise FileNotFoundError(f"cannot include {path}: {file} is neither a page nor text")
    return file, "file"
