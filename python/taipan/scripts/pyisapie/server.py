"""Gives requests to the module of a PyISAPIe site."""

from __future__ import annotations

from functools import partial

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.passing import pass_to_next
from taipan.scripts.request.settings import ScriptSettings


class PyisapieServer:
    """Calls `Request()` of the module for every request below its folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        assert settings.legacy is not None
        self._root = settings.root
        self._module: str = settings.legacy["module"]
        self._folder = folder

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What answers a request."""
        return partial(self._run, request)

    def _run(self, request: ScriptRequest) -> None:
        modules = self._folder.modules_of(self._root)
        modules.refresh()
        if modules.import_module(self._module, fromlist=("",)).Request() is True:
            pass_to_next(request)
