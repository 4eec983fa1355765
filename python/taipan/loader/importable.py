"""What an import of a name would give."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder

from taipan.loader.ptl import find_module

_STANDARD = os.path.dirname(os.__file__)
_STANDARD_FOLDERS = (_STANDARD, os.path.join(_STANDARD, "lib-dynload"))


def find_place(name: str) -> str:
    """The file that an import of this name gives; empty for none, and for Python's own."""
    if is_standard(name):
        return ""
    module = sys.modules.get(name)
    if module is not None:
        return str(getattr(module, "__file__", None) or "")
    try:
        spec = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    return "" if spec is None else spec.origin or ""


def find_class(module: str, name: str) -> type | None:
    """The class of this name, if its module has been imported."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind if isinstance(kind, type) else None


def is_standard(name: str) -> bool:
    """The name is of the standard library."""
    return name in sys.builtin_module_names or _is_on(name, _STANDARD_FOLDERS)


def is_elsewhere(name: str, root: str) -> bool:
    """An import finds the name also without the folder."""
    others = [entry for entry in sys.path if not is_same(entry or os.getcwd(), root)]
    return is_standard(name) or _is_on(name, others)


def find_hidden(name: str, path: str) -> str:
    """What an import of this name would give without the file or package; empty for nothing."""
    if not name.isidentifier():
        return ""
    if is_standard(name):
        return f"the module {name} of Python"
    folder = os.path.dirname(path)
    root = os.path.dirname(folder) if os.path.basename(path) == "__init__.py" else folder
    others = [entry for entry in sys.path if not is_same(entry or os.getcwd(), root)]
    spec = PathFinder.find_spec(name, others)
    if spec is None or spec.origin is None or is_same(spec.origin, path):
        return ""
    return f"the module {name} in {os.path.dirname(spec.origin)}"


def _is_on(name: str, folders: Iterable[str]) -> bool:
    spec = PathFinder.find_spec(name, list(folders))
    # A folder without __init__.py is a package, too, but gives way to all others.
    return spec is not None and spec.origin is not None


def is_same(path: str, other: str) -> bool:
    """Both paths lead to one file or folder."""
    return path == other or bool(path) and os.path.realpath(path) == os.path.realpath(other)


def can_import_from(folder: str, name: str) -> bool:
    """The folder has a module or a package of this name, one without `__init__.py` included."""
    return find_module(name, [folder]) is not None


def is_module(name: str) -> bool:
    """An import finds the name, and not only a folder without `__init__.py`."""
    return name in sys.modules or is_standard(name) or bool(find_place(name))
