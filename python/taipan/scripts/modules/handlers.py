"""Functions that answer requests: `tools/act.py:main`, `pkg.mod:Class().method`."""

from __future__ import annotations

import ast
import os
from types import ModuleType
from typing import Any, Callable, NamedTuple

from taipan.loader.errors import TargetError
from taipan.loader.finding import evaluate
from taipan.loader.target import parse_expression, parse_target
from taipan.module_names import is_missing
from taipan.scripts.modules.folder_modules import MODULE_EXTENSIONS
from taipan.scripts.modules.module_folders import ModuleFolders


class Handler(NamedTuple):
    """What a target names, as it is now."""

    module: ModuleType
    expression: ast.expr
    #: The module as the target names it.
    place: str

    @property
    def file(self) -> str:
        """The file of the module; empty if it has none."""
        return getattr(self.module, "__file__", None) or ""

    def check(self) -> None:
        """Raises `TargetError` if there is no such function. Calls nothing."""
        self._evaluate(_before_calls(self.expression))

    def find(self) -> Callable[..., Any]:
        """The function; calls in the target are made now. Raises `TargetError`."""
        return self._evaluate(self.expression)

    def _evaluate(self, expression: ast.expr) -> Callable[..., Any]:
        function = evaluate(expression, self.module, self.place)
        if not callable(function):
            name = ast.unparse(expression)
            kind = type(function).__name__
            raise TargetError(f"{name} of {self.place} cannot be called: it is {kind}")
        found: Callable[..., Any] = function
        return found


class _Place(NamedTuple):
    #: Where its module is looked for first.
    folder: str
    module: str
    #: Of its file; where it may be, if the module is named.
    path: str
    is_file: bool
    expression: ast.expr

    @property
    def name(self) -> str:
        """As the target names it."""
        return self.path if self.is_file else self.module


class Handlers:
    """Loads handlers; their modules are kept as those beside scripts, until a file differs."""

    def __init__(self, directory: str, folders: ModuleFolders) -> None:
        #: Absolute; files are named and modules are looked for from here.
        self._directory = directory
        self._folders = folders
        self._places: dict[str, _Place] = {}

    def load(self, target: str) -> Handler:
        """Raises `TargetError` if there is no such module, and what loading it raises."""
        place = self._places.get(target)
        if place is None:
            place = self._places[target] = self._parse(target)
        return Handler(self._import(place), place.expression, place.name)

    def check(self, target: str) -> Handler:
        """Raises what `load` raises, and `TargetError` if there is no such function."""
        handler = self.load(target)
        handler.check()
        return handler

    def _parse(self, text: str) -> _Place:
        target = parse_target(text, self._directory)
        if not target.expression:
            raise TargetError(f"{text!r} names no function; write it like 'tools/act.py:main'")
        expression = parse_expression(target.expression)
        if not target.path:
            path = os.path.join(self._directory, *target.module.split(".")) + ".py"
            return _Place(self._directory, target.module, path, False, expression)
        folder, name = os.path.split(target.path)
        stem, extension = os.path.splitext(name)
        if extension not in MODULE_EXTENSIONS or "." in stem or not os.path.isfile(target.path):
            raise TargetError(f"{target.path} is no module; handlers are in files like act.py")
        return _Place(folder, stem, target.path, True, expression)

    def _import(self, place: _Place) -> ModuleType:
        modules = self._folders.of(place.folder)
        modules.refresh()
        try:
            # Python itself may find it as well, but would not look at its file again.
            if place.is_file or os.path.isfile(place.path):
                return modules.import_file(place.module)
            return modules.import_module(place.module, fromlist=("",))
        except ModuleNotFoundError as error:
            if not is_missing(error, place.module):
                raise
            kind = "file" if place.is_file else "module"
            raise TargetError(f"there is no {kind} {place.name}") from None


def _before_calls(node: ast.expr) -> ast.expr:
    """The part of an expression that can be evaluated without a call."""
    found = inner = node
    while not isinstance(inner, ast.Name):
        if isinstance(inner, ast.Call):
            found = inner = inner.func
        else:
            assert isinstance(inner, ast.Attribute)
            inner = inner.value
    return found
