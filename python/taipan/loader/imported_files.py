"""Imports the file of an application, once under whatever names it is imported by."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import TYPE_CHECKING

from taipan.loader.code_cache import CodeCache
from taipan.loader.files import FileLoader
from taipan.loader.importable import is_same
from taipan.loader.ptl import find_module

if TYPE_CHECKING:
    from importlib.abc import Loader
else:
    # Nothing is inherited, and `importlib.abc` imports a dozen modules.
    Loader = object


class _OtherName(Loader):
    """Loads nothing: the module exists, or is being imported, under another name."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The import machinery has replaced it.
        module.__spec__ = self._spec


class _ImportedFiles:
    """Finds the files of applications, also by other names than the first."""

    def __init__(self) -> None:
        #: Names by files.
        self._names: dict[str, str] = {}
        #: Those whose import has begun, with their code.
        self._loading: dict[str, CodeCache] = {}

    def load(self, path: str, name: str, cache: CodeCache) -> ModuleType:
        """Imports a file as the module `name`."""
        if self not in sys.meta_path:
            sys.meta_path.insert(0, self)
        self._names[path] = name
        self._loading[path] = cache
        try:
            return importlib.import_module(name)
        finally:
            self._loading.pop(path, None)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file that is being imported, or the module that has been made of it."""
        last = fullname.rpartition(".")[2]
        for file, name in list(self._names.items()):
            if name.rpartition(".")[2] != last:
                continue
            cache = self._loading.get(file)
            if name == fullname and cache is not None:
                loader = FileLoader(name, file, cache)
                return importlib.util.spec_from_file_location(name, file, loader=loader)
            if name != fullname and self._is_known(file, name) and _leads_to(fullname, path, file):
                return ModuleSpec(fullname, _OtherName(name), origin=file)
        return None

    def _is_known(self, file: str, name: str) -> bool:
        module = sys.modules.get(name)
        return file in self._loading or getattr(module, "__file__", None) == file


def _leads_to(name: str, path: Sequence[str] | None, file: str) -> bool:
    spec = find_module(name, path)
    # A package has submodules, which would have two names, too.
    if spec is None or not spec.origin or spec.submodule_search_locations is not None:
        return False
    return is_same(spec.origin, file)


_files = _ImportedFiles()


def import_file(path: str, name: str, cache: CodeCache) -> ModuleType:
    """Imports a file by a name that leads to it; gives what was imported earlier if it was."""
    return _files.load(path, name, cache)
