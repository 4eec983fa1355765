"""Runs a file as a module of its own."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType, ModuleType

from taipan.loader.code_cache import CodeCache

_PREFIX = "_taipan_app_"


class FileLoader(SourceFileLoader):
    """Makes the source of a file module available, and reads no bytecode files."""

    def __init__(self, name: str, path: str, cache: CodeCache) -> None:
        super().__init__(name, path)
        self._cache = cache

    def get_code(self, fullname: str) -> CodeType:
        """The code of this version of the file."""
        return self._cache.load(self.path)


def module_name(path: str) -> str:
    """A readable module name, unique for the path, that no import uses; never `__main__`."""
    stem = re.sub(r"\W", "_", os.path.splitext(os.path.basename(path))[0])
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:8]
    return f"{_PREFIX}{stem}_{digest}"


class FileModuleFinder:
    """Finds application files by their module names, in child processes of `multiprocessing`.

    Pickled objects of the worker refer to these names; the folders of the files are on `sys.path`.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The file on `sys.path` with this module name."""
        if not fullname.startswith(_PREFIX):
            return None
        for folder in sys.path:
            try:
                files = [os.path.join(folder, name) for name in os.listdir(folder or ".")]
            except OSError:
                continue
            for file in files:
                if module_name(file) == fullname:
                    loader = FileLoader(fullname, file, CodeCache())
                    return importlib.util.spec_from_file_location(fullname, file, loader=loader)
        return None


def execute_file(
    path: str, cache: CodeCache, builtins: dict[str, object] | None = None
) -> ModuleType:
    """A new module with the content of a file, in `sys.modules` for dataclasses and pickle."""
    name = module_name(path)
    loader = FileLoader(name, path, cache)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    code = loader.get_code(name)
    if builtins is not None:
        module.__dict__["__builtins__"] = builtins
    earlier = sys.modules.get(name)
    sys.modules[name] = module
    try:
        exec(code, module.__dict__)
    except BaseException:
        if earlier is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = earlier
        raise
    return module


def add_to_path(folder: str) -> None:
    """Inserts a folder at the start of `sys.path`, unless it is there."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
