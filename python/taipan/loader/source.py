"""Where the module of an application is loaded from."""

from __future__ import annotations

import importlib
import os
import sys
from types import ModuleType
from typing import Any, Callable, Protocol

from taipan.loader.code_cache import CodeCache, Stamp, file_stamp
from taipan.loader.django import load_django
from taipan.loader.errors import TargetError
from taipan.loader.files import add_to_path, execute_file
from taipan.loader.finding import Found, find_callable, has_usual_name, validate_application
from taipan.loader.import_name import find_import_name
from taipan.loader.importable import can_import_from, is_module
from taipan.loader.imported_files import import_file
from taipan.loader.this_python import explain_missing_target

#: Files of a target folder to try, in order of preference.
FOLDER_FILES = ("app.py", "wsgi.py", "asgi.py", "main.py", "application.py")


class Source(Protocol):
    """Loads a module and finds callables in it."""

    place: str
    #: What the person should know although it works; empty for nothing.
    notice: str

    def stamp(self) -> Stamp | None:
        """The present version of the source; None if it is never loaded again."""

    def load(self) -> ModuleType | None:
        """Executes or imports the module. Raises what the application raises."""

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """The callable of a loaded module. Raises `TargetError`, and what a factory raises."""


class FileSource:
    """A file, run as a module of its own each time it is loaded."""

    notice = ""

    def __init__(self, path: str, cache: CodeCache) -> None:
        self.place = path
        self.cache = cache

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
        return execute_file(self.place, self.cache)

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """Looks the expression up."""
        assert module is not None
        return find_callable(module, expression, self.place, interface)


class ImportedFileSource(FileSource):
    """A file, imported as a module that its neighbours can import, too."""

    def __init__(self, path: str, cache: CodeCache, directory: str) -> None:
        super().__init__(path, cache)
        self._directory = directory
        self._module: ModuleType | None = None

    def load(self) -> ModuleType | None:
        """Imports the file under its own name; executes it when that leads elsewhere."""
        if not os.path.isfile(self.place):
            raise TargetError(f"there is no file {self.place}")
        name, taken_by = find_import_name(self.place, self._directory)
        if not name:
            self.notice = _tell_taken(self.place, taken_by) if taken_by else ""
            return execute_file(self.place, self.cache)
        if self._module is not None and sys.modules.get(name) is self._module:
            # It is loaded again because it was no application.
            del sys.modules[name]
        self._module = import_file(self.place, name, self.cache)
        return self._module


class ModuleSource:
    """An importable module."""

    notice = ""

    def __init__(self, name: str, directory: str) -> None:
        self.place = name
        self._directory = directory

    def stamp(self) -> Stamp | None:
        """None, because imports are never repeated."""
        return None

    def load(self) -> ModuleType | None:
        """Imports the module."""
        importlib.invalidate_caches()
        _add_sources_folder(self.place.partition(".")[0], self._directory)
        try:
            return importlib.import_module(self.place)
        except ModuleNotFoundError as error:
            missing = error.name or ""
            if missing != self.place and not self.place.startswith(missing + "."):
                raise
            if os.path.isfile(os.path.join(self._directory, self.place)):
                raise TargetError(
                    f"{self.place} is no Python file by its name; write ./{self.place} if it is one"
                ) from None
            raise TargetError(
                f"there is no module {missing!r} on sys.path ({_shown_path()}); "
                + explain_missing_target(self.place, self._directory)
            ) from None

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """Looks the expression up; a package without an application may have a usual submodule."""
        assert module is not None
        inner = None if expression or has_usual_name(module) else _import_usual(module)
        if inner is not None:
            return find_callable(inner, "", inner.__name__, interface)
        return find_callable(module, expression, self.place, interface)


class DjangoSource:
    """A folder with `manage.py`."""

    notice = ""

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


def _import_usual(package: ModuleType) -> ModuleType | None:
    """The submodule that has the application of a package."""
    for folder in getattr(package, "__path__", ()):
        for name in FOLDER_FILES:
            if os.path.isfile(os.path.join(folder, name)):
                return importlib.import_module(f"{package.__name__}.{name[:-3]}")
    return None


def _add_sources_folder(name: str, directory: str) -> None:
    """Puts `src` on `sys.path` when the module is there, and nowhere else."""
    folder = os.path.join(directory, "src")
    if directory and can_import_from(folder, name) and not is_module(name):
        add_to_path(folder)


def _tell_taken(path: str, taken_by: str) -> str:
    return (
        f"{path} is loaded as a module of its own, because its name is that of {taken_by} in this"
        " process: what imports the name gets that one; rename one of the two, or put the"
        " applications into groups of their own"
    )


def _shown_path() -> str:
    shown = [entry for entry in sys.path if entry][:3]
    return ", ".join(shown) + (", ..." if len(sys.path) > len(shown) else "")
