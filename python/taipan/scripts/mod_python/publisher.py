"""The handler `mod_python.publisher`: functions and values of modules by their URLs."""

from __future__ import annotations

import builtins
import os.path
import re
import types
from collections.abc import Iterable
from functools import lru_cache
from types import BuiltinFunctionType, ModuleType
from typing import Any, NamedTuple

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python.apache import (
    APLOG_WARNING,
    HTTP_FORBIDDEN,
    HTTP_METHOD_NOT_ALLOWED,
    HTTP_NOT_FOUND,
    OK,
    SERVER_RETURN,
)
from taipan.scripts.mod_python.inside import require_inside
from taipan.scripts.mod_python.protection import STRANGER, admit
from taipan.scripts.mod_python.util import apply_fs_data
from taipan.scripts.modules.folder_modules import FolderModules

__all__ = ["handler"]

#: Paths whose names are kept.
_LIMIT = 256

_METHODS = ("GET", "POST", "HEAD")
#: Results that are called in a row.
_MOST_CALLS = 100

_END_OF_HTML = re.compile(r"</html\s*>\s*\Z", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
#: Of the end of a result in which that of a page is looked for.
_TAIL = 100

#: Shown, but not walked into.
_VALUES = frozenset(kind for kind in vars(builtins).values() if isinstance(kind, type))
#: Likewise, and their attributes are not even looked for.
_CLOSED = frozenset(
    (type(None), *(kind for kind in vars(types).values() if isinstance(kind, type)))
)


def handler(req: Any) -> int:
    """Publishes what the URL names."""
    if req.method not in _METHODS:
        req.allow_methods(list(_METHODS), 1)
        raise SERVER_RETURN(HTTP_METHOD_NOT_ALLOWED)
    module, names = _find_page(req)
    _publish(req, _resolve(req, module, names))
    return OK


def _find_page(req: Any) -> tuple[ModuleType, tuple[str, ...]]:
    """The module of a URL, and the names in it that the rest of the URL gives."""
    folder, _, name = req.filename.rpartition("/")
    stem = _without_extension(name or "index", req)
    rest = req.path_info or ""
    module = _load(req, folder, stem)
    if module is None:
        rest = f"{stem}/{rest}"
        stem = "index"
        module = _load(req, folder, stem)
        if module is None:
            raise SERVER_RETURN(HTTP_NOT_FOUND)
    req.filename = f"{folder}/{stem}.py"
    return module, _split_names(rest)


@lru_cache(_LIMIT)
def _split_names(path: str) -> tuple[str, ...]:
    """Names with slashes or dots between them; those of an empty path."""
    names = [one for one in path.split("/") if one]
    return tuple(".".join(names).split(".")) if names else ("index",)


def _without_extension(name: str, req: Any) -> str:
    if name.endswith(".py"):
        return name[:-3]
    if "." in name:
        others = [f".{one}" for one in req.get_addhandler_exts().split()]
        for extension in (req.extension, *others):
            if extension and name.endswith(extension):
                return name[: -len(extension)]
    return name


class _Loaded(NamedTuple):
    """A module of a folder, while no file of the folder has changed."""

    modules: FolderModules
    generation: int
    module: ModuleType


#: By the path of the route's folder and that of the file.
_loaded: dict[tuple[str, str], _Loaded] = {}


def _load(req: Any, folder: str, stem: str) -> ModuleType | None:
    """The module of a file as it is now; None if there is no such file.

    Raises `SERVER_RETURN` with 403 for files that are private or outside of the route's folder.
    """
    access: FolderAccess = req._pages.folder
    modules = access.modules_of(folder or "/")
    modules.refresh()
    path = f"{folder}/{stem}.py"
    key = access.root, path
    known = _loaded.get(key)
    if known is not None and known.modules is modules:
        if known.generation == modules.generation:
            return known.module
    if not os.path.isfile(path):
        _loaded.pop(key, None)
        return None
    if stem.startswith(("_", ".")):
        _refuse(req, f"{stem}.py is private")
    require_inside(req, path)
    # Before the import: another request may forget the module as soon as it is there.
    generation = modules.generation
    # By its name it would be a module in a package.
    dotted = "." in stem
    module = modules.import_dotted_file(stem) if dotted else modules.import_file(stem)
    if getattr(module, "__file__", None) != path:
        # A package of the same name.
        return None
    _loaded[key] = _Loaded(modules, generation, module)
    return module


def _resolve(req: Any, module: ModuleType, names: Iterable[str]) -> Any:
    """Walks from the module to what is to be published. Raises `SERVER_RETURN`."""
    visitor = admit(req, module, STRANGER)
    found: Any = module
    for name in names:
        if name.startswith("_"):
            _refuse(req, f"{name} begins with an underscore")
        kind = type(found)
        # Some modules are instances of a subclass, `sys` among them.
        if found is not module and (kind in _CLOSED or isinstance(found, (ModuleType, type))):
            _refuse(req, f"{name} would be an attribute of a {kind.__name__}")
        try:
            inner = getattr(found, name)
        except (AttributeError, UnicodeEncodeError):
            raise SERVER_RETURN(HTTP_NOT_FOUND) from None
        if kind in _VALUES:
            _refuse(req, f"{name} would be an attribute of a {kind.__name__}")
        visitor = admit(req, inner, visitor)
        found = inner
    if isinstance(found, (ModuleType, BuiltinFunctionType, type)):
        _refuse(req, f"a {type(found).__name__} cannot be published")
    return found


def _refuse(req: Any, reason: str) -> None:
    req.log_error(f"publisher: {req.unparsed_uri} is forbidden: {reason}", APLOG_WARNING)
    raise SERVER_RETURN(HTTP_FORBIDDEN)


def _publish(req: Any, found: Any) -> None:
    """Writes a value, or what comes of calls of it."""
    calls = 0
    while callable(found):
        calls += 1
        if calls > _MOST_CALLS:
            raise RecursionError(f"{req.unparsed_uri}: results are functions again and again")
        found = apply_fs_data(found, req.read_form(), req=req)
    if found is None:
        return
    if isinstance(found, bytes):
        _write_bytes(req, found)
    else:
        _write_text(req, str(found))


def _write_bytes(req: Any, data: bytes) -> None:
    if req.content_type is None:
        req.content_type = _guess_type(data[-_TAIL:].decode("latin-1"))
    req.write(data, 0)


def _write_text(req: Any, text: str) -> None:
    if req.content_type is None:
        kind = _guess_type(text[-_TAIL:])
        req.content_type = kind if text.isascii() else f"{kind}; charset=utf-8"
    elif not text.isascii():
        charset = _CHARSET.search(req.content_type or "")
        if charset is not None:
            req.write(text.encode(charset[1]), 0)
            return
        req.content_type = f"{req.content_type}; charset=utf-8"
    req.write(text, 0)


def _guess_type(end: str) -> str:
    return "text/html" if _END_OF_HTML.search(end) else "text/plain"
