"""Finds handlers: their modules, and the objects in them."""

from __future__ import annotations

import inspect
import os
from types import ModuleType
from typing import Any, Callable

from taipan.loader.errors import TargetError
from taipan.looks import is_file
from taipan.module_names import is_missing, plain_name
from taipan.scripts.mod_python.handlers.directive import HandlerName
from taipan.scripts.modules.folder_modules import GivesModules
from taipan.scripts.modules.given_modules import GIVEN_MODULES


class Importer:
    """Imports modules for the handlers of a route."""

    def __init__(self, folders: GivesModules) -> None:
        self._root = folders.root
        self._folders = folders
        #: Those of the package mod_python, which never change.
        self._given: dict[HandlerName, Callable[..., Any]] = {}

    def load(self, name: HandlerName) -> ModuleType:
        """The module of a handler. Raises `TargetError` if there is none."""
        return self.import_module(name.module, name.folder)

    def import_module(self, name: str, folder: str = "", *, refresh: bool = True) -> ModuleType:
        """A module by its name, or by its file: `~/` begins at the route's folder, `./` and `../`
        at `folder`. `refresh`: what has changed is imported anew.

        Raises `TargetError` if there is none, and what importing it raises.
        """
        folder = folder or self._root
        if name.startswith(("~/", "./", "../", "/")):
            return self._import_file(name, folder, refresh=refresh)
        modules = self._folders.of(folder)
        is_own = is_file(os.path.join(folder, *name.split(".")) + ".py")
        if refresh:
            modules.refresh()
        try:
            # Python itself may find it as well, but would not look at its file again.
            if is_own:
                return modules.import_file(name)
            return modules.import_module(name, fromlist=("",))
        except ModuleNotFoundError as error:
            if not is_missing(error, name):
                raise
            raise TargetError(
                f"there is no module {name} in {folder}; name a module there, or add its folder to"
                " modPython.path"
            ) from None

    def _import_file(self, name: str, folder: str, *, refresh: bool) -> ModuleType:
        start = self._root if name.startswith("~/") else folder
        path = os.path.normpath(os.path.join(start, name[2:] if name.startswith("~/") else name))
        folder, stem = os.path.split(path[:-3] if path.endswith(".py") else path)
        if "." in stem or not is_file(os.path.join(folder, f"{stem}.py")):
            raise TargetError(f"there is no module {name}: {path} is no file")
        modules = self._folders.of(folder)
        if refresh:
            modules.refresh()
        return modules.import_file(stem)

    def find(self, name: HandlerName, usual: str, argument: Any) -> Callable[..., Any]:
        """What to call; a class on the way to it is instantiated with `argument`.

        Raises `TargetError` if there is no such object.
        """
        given = self._given.get(name)
        if given is not None:
            return given
        module = self.load(name)
        found: Any = module
        for attribute in (name.attribute or usual).split("."):
            owner = _instantiate(found, argument)
            found = _step(owner, attribute, name, module)
        if module.__name__ == GIVEN_MODULES.get(name.module) and not name.attribute:
            self._given[name] = found
        return _require_callable(found, name)

    def check(self, name: HandlerName, usual: str) -> str:
        """The file of its module. Instantiates nothing. Raises what `find` raises."""
        module = self.load(name)
        found: Any = module
        for attribute in (name.attribute or usual).split("."):
            if inspect.isclass(found):
                # Its instances may have more attributes.
                break
            found = _step(found, attribute, name, module)
        else:
            _require_callable(found, name)
        return getattr(module, "__file__", None) or ""


def _instantiate(found: Any, argument: Any) -> Any:
    return found(argument) if inspect.isclass(found) else found  # type: ignore[call-arg]  # any class


def _step(owner: Any, attribute: str, name: HandlerName, module: ModuleType) -> Any:
    try:
        return getattr(owner, attribute)
    except AttributeError:
        if owner is not module and hasattr(type(owner), attribute):
            raise
        place = getattr(module, "__file__", None) or plain_name(module.__name__)
        raise TargetError(
            f"there is no {name.attribute or attribute} in {place}; define it, or name another as"
            " in 'module::function'"
        ) from None


def _require_callable(found: Any, name: HandlerName) -> Callable[..., Any]:
    if not callable(found):
        raise TargetError(f"the handler {name} cannot be called: it is {type(found).__name__}")
    function: Callable[..., Any] = found
    return function
