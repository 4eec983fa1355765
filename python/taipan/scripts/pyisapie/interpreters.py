"""Chooses the interpreter of a request."""

from __future__ import annotations

import inspect
import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable

from taipan.native import allocate_lock
from taipan.scripts.modules.handlers import Handlers
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pyisapie.interface import Env
from taipan.scripts.pyisapie.interpreter import MAIN, Interpreter, RequestFunction
from taipan.scripts.pyisapie.request import IsapiRequest
from taipan.scripts.pyisapie.variables import server_variable
from taipan.scripts.request.settings import ScriptSettings

#: Interpreters besides the main one; clients may choose the values.
LIMIT = 64


class Interpreters:
    """Those of a route; the ones that were not used for longest give way to others."""

    def __init__(self, settings: ScriptSettings, folders: ModuleFolders) -> None:
        assert settings.legacy is not None
        self._settings = settings
        #: A variable, or the target of a function; None: `Http.Config` of the main one tells.
        self._map: str | None = settings.legacy.get("interpreterMap")
        self._handlers = find_map_handlers(self._map, folders, settings.directory)
        if self._map is not None and self._handlers is not None and not settings.fresh:
            # A template imports nothing of a site.
            self._handlers.check(self._map)
        self._main = Interpreter(MAIN, settings)
        self._others: OrderedDict[str, Interpreter] = OrderedDict()
        self._lock = allocate_lock()
        self._told = False

    @contextmanager
    def lend(self, isapi: IsapiRequest) -> Iterator[RequestFunction]:
        """What answers a request, in its interpreter."""
        given: str | None = isapi.script.environ.get("taipan.script_interpreter")
        if given is not None:
            chosen = given.encode("latin-1").decode() or MAIN
        elif self._map is None:
            config = self._main.load(isapi)
            if config.interpreter_map is None:
                yield self._main.enter(isapi, config)
                return
            chosen = self._choose(config.interpreter_map, isapi)
        else:
            chosen = self._choose(self._map, isapi)
        interpreter = self._take(chosen)
        try:
            yield interpreter.enter(isapi, interpreter.load(isapi))
        finally:
            with self._lock:
                interpreter.users -= 1

    def _choose(self, chosen: str | Callable[..., Any], isapi: IsapiRequest) -> str:
        if isinstance(chosen, str):
            if self._handlers is None:
                return server_variable(isapi.script, chosen) or MAIN
            chosen = self._handlers.load(chosen).find()
        isapi.interpreter = self._main
        value = chosen(Env) if _takes_argument(chosen) else chosen()
        return MAIN if value is None else str(value) or MAIN

    def _take(self, name: str) -> Interpreter:
        with self._lock:
            found = self._main if name == MAIN else self._others.get(name)
            if found is None:
                self._make_room()
                found = self._others[name] = Interpreter(name, self._settings)
            if name != MAIN:
                self._others.move_to_end(name)
            found.users += 1
        return found

    def _make_room(self) -> None:
        """Ends idle ones, before others of their names may begin."""
        idle = (name for name, one in self._others.items() if one.users == 0)
        names = [name for name, _ in zip(list(idle), range(len(self._others) - LIMIT + 1))]
        if names and not self._told:
            self._told = True
            self._settings.reporter.report(
                "warning",
                f"{self._settings.mount}: interpreterMap has given more than {LIMIT} values; the"
                " modules of those that were not used for longest are dropped",
            )
        for name in names:
            self._others.pop(name).close()


def find_map_handlers(
    target: str | None, folders: ModuleFolders, directory: str
) -> Handlers | None:
    """What loads the function of a map, whose file is in the route's folder or else in `directory`.

    None if the target is a variable.
    """
    if target is None or ":" not in target:
        return None
    return Handlers(_folder_of(target, folders.root) or directory, folders)


def _takes_argument(function: Callable[..., Any]) -> bool:
    try:
        inspect.signature(function).bind(Env)
    except TypeError:
        return False
    return True


def _folder_of(target: str, root: str) -> str | None:
    """The folder of the route, if the file of a target is there."""
    file = target.partition(":")[0]
    return root if os.path.isfile(os.path.join(root, file)) else None
