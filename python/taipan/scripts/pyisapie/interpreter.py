"""One of the interpreters of PyISAPIe: modules of its own, for the requests of one value."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any, Callable

from taipan.loader.errors import TargetError
from taipan.module_names import is_missing
from taipan.native import allocate_lock
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pyisapie.config import DEFAULTS, SiteConfig, parse_config
from taipan.scripts.pyisapie.request import IsapiRequest
from taipan.scripts.pyisapie.site_module import find_module
from taipan.scripts.pyisapie.variables import script_file
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.settings import ScriptSettings

#: Name of the interpreter that all requests have without a map.
MAIN = "__main__"

RequestFunction = Callable[[], Any]


class Interpreter:
    """Modules, configuration and environment that no other interpreter sees.

    Installed packages, builtins and the process are shared.
    """

    #: Requests that use it now.
    users = 0

    def __init__(self, name: str, settings: ScriptSettings) -> None:
        assert settings.legacy is not None
        self.name = name
        self._module: str = settings.legacy["module"]
        self._root = settings.root
        variant = f"pyisapie {settings.mount} {name}"
        self._folders = ModuleFolders(self._root, {"__interp__": name}, variant=variant)
        self.modules: FolderModules = self._folders.of(self._root)
        #: What `Http.Config` says.
        self.values: dict[str, Any] = dict(DEFAULTS)
        #: That of `Http.URL`, and the turn of the modules that it was made of.
        self.url_map: tuple[int, Callable[[], Any] | None] = -1, None
        self._environment: dict[bytes, bytes] = {}
        self._lock = allocate_lock()
        self._function: RequestFunction | None = None
        self._config: SiteConfig | None = None
        self._turn = -1

    def load(self, isapi: IsapiRequest) -> SiteConfig:
        """Imports what is new; gives the configuration."""
        isapi.interpreter = self
        modules = self.modules
        modules.refresh()
        if self._turn != modules.generation or self._config is None or self._looks_new():
            with self._lock:
                if self._turn != modules.generation or self._config is None or self._looks_new():
                    self._load(isapi)
        assert self._config is not None
        return self._config

    def enter(self, isapi: IsapiRequest, config: SiteConfig) -> RequestFunction:
        """Makes a request one of this interpreter, which is loaded; gives what answers it."""
        isapi.configure(self, config)
        script = isapi.script
        if self._environment and script.has_environment:
            script.variables.update(self._environment)
        return self._function or (lambda: self.run_file(isapi.script))

    def run_file(self, script: ScriptRequest) -> object:
        """Calls `Request()` of the file that the path names; True if there is none."""
        folder, name = os.path.split(script_file(script))
        stem, extension = os.path.splitext(name)
        if extension != ".py" or "." in stem or not os.path.isfile(os.path.join(folder, name)):
            return True
        modules = self._folders.of(folder)
        modules.refresh()
        function = getattr(modules.import_file(stem), "Request", None)
        return True if function is None else function()

    def close(self) -> None:
        """Forgets its modules."""
        self._folders.close()

    def _looks_new(self) -> bool:
        """A module has come that was missing."""
        return self._function is None and self._find_module() is not None

    def _load(self, isapi: IsapiRequest) -> None:
        self.values = dict(DEFAULTS)
        self._environment = {}
        script = isapi.script
        before = dict(script.variables) if script.has_environment else {}
        # What is imported changes the turn only when it changes.
        turn = self.modules.generation
        name = self._find_module()
        function = None if name is None else self._find_function(name)
        self._config = parse_config(self.modules.import_module("Http.Config", fromlist=("Debug",)))
        if script.has_environment:
            # What modules set while they are imported stays, for all requests.
            variables = script.variables
            self._environment = dict(variables.items() - before.items())
            variables.clear()
            variables.update(before)
        self._function, self._turn = function, turn

    def _find_module(self) -> str | None:
        return find_module(self._root, self._module)

    def _find_function(self, name: str) -> RequestFunction:
        module = self._import(name)
        function = getattr(module, "Request", None)
        if not callable(function):
            place = getattr(module, "__file__", None) or name
            raise TargetError(f"{place} has no function Request(), which answers requests")
        found: RequestFunction = function
        return found

    def _import(self, name: str) -> ModuleType:
        try:
            return self.modules.import_module(name, fromlist=("",))
        except ModuleNotFoundError as error:
            if not is_missing(error, name):
                raise
            raise TargetError(f"there is no module {name} in {self._root}") from None
