"""Runs the scripts of a folder."""

from __future__ import annotations

from functools import partial
from types import CodeType

from taipan.loader.code_cache import CodeCache
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings


class ScriptFiles:
    """Scripts, compiled once for each version of their files."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._folder = folder
        self._code = CODE if settings.use_caching_exec else CodeCache(0)

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the script of a request. Raises `OSError` if it cannot be read."""
        path = request.path
        code = self._code.load(path, version)
        modules = self._folder.modules_of(path[: path.rindex("/")] or "/")
        return partial(_execute, code, request, modules)


def _execute(code: CodeType, request: ScriptRequest, modules: FolderModules) -> None:
    request.namespace = {
        "__name__": "__main__",
        "__file__": request.path,
        "__builtins__": modules.refresh(),
        # The builtins have these names, too.
        "__doc__": None,
        "__package__": None,
        "__loader__": None,
        "__spec__": None,
    }
    exec(code, request.namespace)
