"""URLs of a folder of scripts that a page includes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal

from taipan.folders import leads_below
from taipan.scripts.included_texts import is_text_file

IncludedKind = Literal["psp", "script", "servlet", "file"]

_KINDS: tuple[IncludedKind, ...] = ("psp", "script", "servlet")
#: What answers for a folder.
_INDEX = ("index", "Index", "main", "Main")


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


def find_included(root: str, path: str, kinds: Mapping[str, str]) -> tuple[str, IncludedKind]:
    """The file of a path below the folder, and what it is, by the kinds of extensions.

    Raises `FileNotFoundError`, also for what no client would get.
    """
    hidden = any(part.startswith((".", "__pycache__")) for part in path.split("/"))
    wanted = root.rstrip("/") + path
    # Tried in this order for a name without an extension.
    endings = [*kinds, ".html"]
    names = [f"{wanted.rstrip('/')}/{name}" for name in _INDEX] if os.path.isdir(wanted) else []
    candidates = [wanted, *(name + ending for name in (wanted, *names) for ending in endings)]
    file = next((one for one in candidates if os.path.isfile(one)), "")
    # Links may lead elsewhere.
    if not file or hidden or not leads_below(file, root):
        raise FileNotFoundError(f"cannot include {path}: there is no such page in {root}")
    real = os.path.realpath(file)
    given = kinds.get(os.path.splitext(real)[1])
    kind = next((one for one in _KINDS if one == given), None)
    if kind is not None:
        return file, kind
    # A file of another kind is a source.
    if given is not None or not is_text_file(real):
        raise FileNotFoundError(f"cannot include {path}: {file} is neither a page nor text")
    return file, "file"
