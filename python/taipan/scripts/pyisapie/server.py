"""Gives requests to the module of a PyISAPIe site."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import partial
from typing import Any

from taipan.fields import STANDS_IN_FIELD
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pyisapie.finder import install_finder
from taipan.scripts.pyisapie.interpreters import Interpreters, find_map_handlers
from taipan.scripts.pyisapie.request import IsapiRequest
from taipan.scripts.pyisapie.site_module import check_module
from taipan.scripts.pyisapie.url_map import NotFoundError
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.errors import OutputError
from taipan.scripts.request.output import WholeResponse
from taipan.scripts.request.passing import pass_to_next
from taipan.scripts.request.settings import ScriptSettings

_NOT_FOUND = WholeResponse(
    "404 Not Found",
    [("Content-Type", "text/plain; charset=utf-8"), STANDS_IN_FIELD],
    [b"Not Found\n"],
)


class PyisapieServer:
    """Calls `Request()` of the module for every request below its folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        install_finder()
        self._interpreters = Interpreters(settings, folder.folders)

    @staticmethod
    def check(config: Mapping[str, Any], folders: ModuleFolders) -> list[str]:
        """The files of the module and the map. Raises `TargetError` for one that is not there."""
        files = check_module(folders.root, config["module"])
        target = config.get("interpreterMap")
        handlers = find_map_handlers(target, folders, str(config.get("directory", "")))
        if target is None or handlers is None:
            return files
        install_finder()
        return [*files, handlers.check(target).file]

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What answers a request."""
        return partial(self._run, request)

    def _run(self, script: ScriptRequest) -> None:
        isapi = IsapiRequest(script)
        try:
            with self._interpreters.lend(isapi) as request_function:
                passed = _check_result(request_function()) is True
            if not passed:
                isapi.check_end()
        except NotFoundError:
            if script.output.begun:
                raise
            script.drop()
            script.output.answer(_NOT_FOUND)
            return
        if passed and script.output.begun:
            raise OutputError("Request() returned True after a part of the response had been sent")
        if passed:
            pass_to_next(script)


def _check_result(result: object) -> object:
    if inspect.iscoroutine(result):
        result.close()
        raise TypeError("Request() is a coroutine; functions of PyISAPIe are called without await")
    return result
