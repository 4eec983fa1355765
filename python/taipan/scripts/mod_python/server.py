"""Gives requests to handlers of mod_python."""

from __future__ import annotations

from functools import partial
from typing import Any

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python.apache import DECLINED, SERVER_RETURN
from taipan.scripts.mod_python.pages import PageRun
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.passing import pass_to_files
from taipan.scripts.request.settings import ScriptSettings


class ModPythonServer:
    """Calls the handlers of a route for every request below its folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        assert settings.legacy is not None
        self._root = settings.root
        self._handler: str | None = settings.legacy["handler"]
        self._folder = folder

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What answers a request."""
        return partial(self._run, request)

    def _run(self, request: ScriptRequest) -> None:
        run = PageRun(request, self._folder)
        try:
            status = self._call(run.req)
        except SERVER_RETURN as end:
            status = end.args[0]
        if status == DECLINED:
            pass_to_files(request)
        else:
            run.end_with(status)

    def _call(self, req: Any) -> Any:
        if self._handler is None:
            return DECLINED
        modules = self._folder.modules_of(self._root)
        modules.refresh()
        name, _, attribute = self._handler.partition("::")
        module = modules.import_module(name, fromlist=("",))
        return getattr(module, attribute or "handler")(req)
