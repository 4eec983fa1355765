"""`apache.import_module`."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from types import ModuleType

from taipan.loader.errors import TargetError
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.modules.folder_modules import modules_of_code


def import_module(
    module_name: str,
    autoreload: bool | None = None,
    log: bool | None = None,
    path: Sequence[str] | None = None,
) -> ModuleType:
    """A module of `path`, of the caller's folder, or of any that the route has.

    It is imported anew if its file or one that it imports has changed, unless `autoreload` is
    false. Names may be those of files: `~/` begins at the route's folder, `./` at the caller's.
    Raises `ImportError` if there is none.
    """
    modules = modules_of_code(sys._getframe(1).f_globals)
    if modules is None or modules.folders is None:
        return importlib.import_module(module_name)
    importer = Importer(modules.folders)
    refresh = autoreload is None or bool(autoreload)
    folder = next((one for one in path or () if _has(one, module_name)), modules.folder)
    try:
        return importer.import_module(module_name, os.path.abspath(folder), refresh=refresh)
    except TargetError as error:
        raise ModuleNotFoundError(str(error), name=module_name) from None


def _has(folder: str, name: str) -> bool:
    place = os.path.join(folder, *name.split("."))
    return os.path.isfile(f"{place}.py") or os.path.isfile(os.path.join(place, "__init__.py"))
