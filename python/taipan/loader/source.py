"""Where the module of an application is loaded from."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any, Callable, Protocol

from taipan.loader.django import find_settings, load_django
from taipan.loader.errors import TargetError
from taipan.loader.files import CodeCache, Stamp, add_to_path, execute_file, file_stamp
from taipan.loader.finding import Found, find_callable, validate_application
from taipan.loader.target import Target
from taipan.loader.this_python import name_python

#: Files of a target folder to try, in order of preference.
FOLDER_FILES = ("app.py", "wsgi.py", "asgi.py", "main.py", "application.py")


class Source(Protocol):
    """Loads a module and finds callables in it."""

    place: str

    def stamp(self) -> Stamp | None:
        """The present version of the source; None if it is never loaded again."""

    def load(self) -> ModuleType | None:
        """Executes or imports the module. Raises what the application raises."""

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """The callable of a loaded module. Raises `TargetError`, and what a factory raises."""


class FileSource:
    """A file, run as a module of its own each time it is loaded."""

    def __init__(self, path: str, cache: CodeCache) -> None:
        self.place = path
        self._cache = cache

    def stamp(self) -> Stamp | None:
        """Changes when the file changes."""
        try:
            return file_stamp(self.place)
        except (FileNotFoundError, NotADirectoryError):
            raise TargetError(f"there is no file {self.place}") from None

    def load(self) -> ModuleType | None:
        """Runs the file. Its folder is on `sys.path`, so that it can import other files there."""
        if not os.path.isfile(self.place):
            raise TargetError(f"there is no file {self.place}")
        add_to_path(os.path.dirname(self.place))
        return execute_file(self.place, self._cache)

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """Looks the expression up."""
        assert module is not None
        return find_callable(module, expression, self.place, interface)


class ModuleSource:
    """An importable module."""

    def __init__(self, name: str) -> None:
        self.place = name

    def stamp(self) -> Stamp | None:
        """None, because imports are never repeated."""
        return None

    def load(self) -> ModuleType | None:
        """Imports the module."""
        importlib.invalidate_caches()
        try:
            return importlib.import_module(self.place)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing != self.place and not self.place.startswith(missing + "."):
                raise
            raise TargetError(
                f"there is no module {missing!r} on sys.path ({_shown_path()}); run the command in"
                " the folder that contains it, or name that folder with --app-dir; the Python is"
                f" {name_python()}, and --python selects another"
            ) from None

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """Looks the expression up."""
        assert module is not None
        return find_callable(module, expression, self.place, interface)


class DjangoSource:
    """A folder with `manage.py`."""

    def __init__(self, folder: str, interface: str) -> None:
        self.place = folder
        self._interface = interface
        self._found: tuple[Callable[..., Any], str] | None = None

    def stamp(self) -> Stamp | None:
        """None, because imports are never repeated."""
        return None

    def load(self) -> ModuleType | None:
        """Imports the settings and the application that they name."""
        add_to_path(self.place)
        self._found = load_django(self.place, self._interface)
        return None

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """The application named by the settings; no expression is possible."""
        assert self._found is not None
        if expression:
            raise TargetError(
                f"{self.place} is a Django project; name its module to select {expression!r}, as in"
                f" 'project.wsgi:{expression}'"
            )
        application, named = self._found
        return validate_application(application, named, self.place, interface)


def make_source(
    target: Target, directory: str, cache: CodeCache, interface: str = "auto"
) -> Source:
    """The source of a parsed target. Raises `TargetError`."""
    if directory:
        add_to_path(directory)
    if target.module:
        return ModuleSource(target.module)
    if not os.path.isdir(target.path):
        folder, name = os.path.split(target.path)
        if name == "manage.py" and os.path.isfile(target.path) and find_settings(target.path):
            return DjangoSource(folder, interface)
        return FileSource(target.path, cache)
    is_django = os.path.isfile(os.path.join(target.path, "manage.py"))
    if is_django and not target.expression:
        return DjangoSource(target.path, interface)
    for name in FOLDER_FILES:
        path = os.path.join(target.path, name)
        if os.path.isfile(path):
            return FileSource(path, cache)
    if is_django:
        return DjangoSource(target.path, interface)
    if os.path.isfile(os.path.join(target.path, "__init__.py")):
        parent, name = os.path.split(target.path)
        add_to_path(parent)
        return ModuleSource(name)
    raise TargetError(
        f"the folder {target.path} has neither manage.py nor {', '.join(FOLDER_FILES)},"
        " and is not a package"
    )


def _shown_path() -> str:
    shown = [entry for entry in sys.path if entry][:3]
    return ", ".join(shown) + (", ..." if len(sys.path) > len(shown) else "")
