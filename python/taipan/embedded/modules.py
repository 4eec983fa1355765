"""Unloads the modules of an application, so that they are imported again."""

from __future__ import annotations

import gc
import os
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import Any

from taipan.loader.errors import TargetError
from taipan.loader.import_name import find_root
from taipan.loader.target import parse_target

_SOURCES = (".py", ".pyw", ".wsgi", ".pyc")


def find_folders(config: Mapping[str, Any]) -> list[str]:
    """The folders of the applications of a configuration."""
    folders = [str(folder) for folder in config.get("searchPath", [])]
    for item in config["applications"]:
        folder = item.get("directory") or item.get("appDirectory")
        if folder:
            folders.append(str(folder))
        folders += _target_folders(str(item.get("target") or ""), str(folder or ""))
    return list(dict.fromkeys(os.path.realpath(folder) for folder in folders))


def _target_folders(target: str, directory: str) -> list[str]:
    """The folder of the target, and the others that the loader puts on `sys.path` for it."""
    try:
        path = parse_target(target, directory).path
    except TargetError:
        return []
    if not path:
        return [os.path.join(directory, "src")]
    folder = path if os.path.isdir(path) else os.path.dirname(path)
    return [folder, find_root(folder)]


def take_modules(folders: Iterable[str]) -> dict[str, ModuleType]:
    """Removes the modules of the folders from `sys.modules`, and returns them."""
    inside, outside = _inside(folders), _library_folders()
    taken = {}
    for name, module in list(sys.modules.items()):
        if name == "__main__" or name == "taipan" or name.startswith("taipan."):
            continue
        path = _place_of(module)
        if path and path.startswith(inside) and not path.startswith(outside):
            taken[name] = module
    for name in taken:
        sys.modules.pop(name, None)
    return taken


def put_back(taken: Mapping[str, ModuleType], folders: Iterable[str]) -> None:
    """Undoes `take_modules` for modules outside of the folders that have not been imported since.

    If two applications have a module of the same name, the one loaded last keeps it.
    """
    inside = _inside(folders)
    known = {name.partition(".")[0] for name in sys.modules}
    for name, module in taken.items():
        if name.partition(".")[0] not in known and not _place_of(module).startswith(inside):
            sys.modules[name] = module


def restore_modules(folders: Iterable[str], earlier: Mapping[str, ModuleType]) -> None:
    """Undoes `take_modules`, and removes what was imported from the folders since."""
    take_modules(folders)
    sys.modules.update(earlier)


def collect() -> None:
    """Frees unloaded modules."""
    gc.collect()


def lies_in(path: str, folders: Iterable[str]) -> bool:
    """Whether a source file belongs to the applications in these folders."""
    place = os.path.realpath(path)
    return place.startswith(_inside(folders)) and not place.startswith(_library_folders())


def is_library(folder: str) -> bool:
    """Whether a folder belongs to installed packages."""
    return os.path.join(os.path.realpath(folder), "").startswith(_library_folders())


def _inside(folders: Iterable[str]) -> tuple[str, ...]:
    return tuple(os.path.join(folder, "") for folder in folders)


def _library_folders() -> tuple[str, ...]:
    """Folders of installed packages, which stay loaded even inside an application's folder."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    folders = [sysconfig.get_path(name) for name in names]
    try:
        folders += site.getsitepackages()
    except AttributeError:
        pass
    own = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    folders += [own, site.getusersitepackages()]
    return tuple(os.path.join(os.path.realpath(folder), "") for folder in folders if folder)


def _place_of(module: ModuleType) -> str:
    """The source file of a module; empty if it cannot be loaded twice."""
    path = getattr(module, "__file__", None)
    if isinstance(path, str):
        return os.path.realpath(path) if path.endswith(_SOURCES) or "." not in path else ""
    try:
        # A package without __init__.py.
        return os.path.join(os.path.realpath(next(iter(module.__path__))), "")
    except (AttributeError, StopIteration, TypeError):
        return ""
