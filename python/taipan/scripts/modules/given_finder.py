"""Lets installed modules import by old names what code of a route imports by them.

The code of a route has an `__import__` of its own, which what is installed has not.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec, spec_from_loader
from types import ModuleType
from typing import Any

from taipan.scripts.modules.given_modules import GIVEN_MODULES


def install_given_finder(package: str, needed: str) -> None:
    """Finds a package of `GIVEN_MODULES` where none is installed that works. May be called twice.

    One that is installed works only if Python finds the module `needed`, too.
    """
    if any(isinstance(finder, _GivenFinder) for finder in sys.meta_path):
        return
    finder = _GivenFinder(package)
    if package in sys.modules or find_spec(package) is None or find_spec(needed) is not None:
        sys.meta_path.append(finder)
    else:
        sys.meta_path.insert(0, finder)


class _GivenFinder(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The name of the package or of one of its modules is found."""
        if fullname == self._package:
            return spec_from_loader(fullname, _PackageLoader(), is_package=True)
        if not fullname.startswith(f"{self._package}.") or fullname not in GIVEN_MODULES:
            return None
        return spec_from_loader(fullname, _StandInLoader())


class _PackageLoader(Loader):
    """Makes a package without files, so that Python's finder does not load them a second time."""

    def exec_module(self, module: ModuleType) -> None:
        """Lets its attributes be those of the stand-in."""
        stand_in = importlib.import_module(GIVEN_MODULES[module.__name__])
        vars(module)["__getattr__"] = lambda name: getattr(stand_in, name)


class _StandInLoader(Loader):
    """Gives a module that has another name, too."""

    def __init__(self) -> None:
        self._spec: Any = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The stand-in."""
        module = importlib.import_module(GIVEN_MODULES[spec.name])
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Gives it back what the import has taken for that of a new module."""
        module.__spec__ = self._spec
