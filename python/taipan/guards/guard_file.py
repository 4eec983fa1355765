"""The file of a script, as a module that is loaded again when it or what it imports changes."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Callable

from taipan.guards.errors import GuardError
from taipan.loader.code_cache import Stamp, file_stamp
from taipan.loader.files import execute_file
from taipan.native import allocate_lock
from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules


class GuardFile:
    """A module with functions. It imports from its own folder, too."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._modules = FolderModules(os.path.dirname(path), CODE)
        self._lock = allocate_lock()
        self._loaded: tuple[Stamp, int, ModuleType] | None = None

    def find(self, name: str) -> Callable[..., Any]:
        """A function of the present version. Raises `GuardError`, and what loading raises."""
        function = getattr(self._load(), name, None)
        if not callable(function):
            raise GuardError(f"{self.path} has no function {name}")
        found: Callable[..., Any] = function
        return found

    def look_up(self, name: str) -> Callable[..., Any] | None:
        """A function of the present version, if it has it. Raises what loading raises."""
        found: Callable[..., Any] | None = getattr(self._load(), name, None)
        return found if callable(found) else None

    def _load(self) -> ModuleType:
        with self._lock:
            builtins = self._modules.refresh()
            stamp = file_stamp(self.path)
            known = self._loaded
            if known is not None and known[:2] == (stamp, self._modules.generation):
                return known[2]
            self._loaded = None
            module = execute_file(self.path, CODE, builtins)
            self._loaded = stamp, self._modules.generation, module
            return module
