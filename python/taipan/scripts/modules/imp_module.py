"""`imp` as far as scripts use it: it left the standard library with Python 3.12."""

from __future__ import annotations

import importlib.util
import sys
from importlib import reload
from types import ModuleType

from taipan.loader.files import FileLoader
from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules

__all__ = ["load_source", "new_module", "reload"]


def new_module(name: str) -> ModuleType:
    """An empty module, which nothing imports."""
    return ModuleType(name)


def load_source(name: str, pathname: str, file: object = None) -> ModuleType:
    """Runs a file as the module `name`, again if there is one of this name.

    When the file changes, the module that calls this is imported again as well.
    """
    builtins = sys._getframe(1).f_globals["__builtins__"]
    loader = FileLoader(name, pathname, CODE)
    spec = importlib.util.spec_from_file_location(name, pathname, loader=loader)
    assert spec is not None
    known = sys.modules.get(name)
    module = known or importlib.util.module_from_spec(spec)
    if isinstance(builtins, dict):
        # It imports what its caller may import.
        module.__dict__["__builtins__"] = builtins
        owner = getattr(builtins.get("__import__"), "__self__", None)
        if isinstance(owner, FolderModules):
            owner.note(pathname)
    sys.modules[name] = module
    try:
        loader.exec_module(module)
    except BaseException:
        if known is None:
            sys.modules.pop(name, None)
        raise
    return module
