"""Runs the scripts of a folder."""

from __future__ import annotations

import os
from functools import lru_cache, partial
from types import CodeType
from typing import Any

from taipan.loader.code_cache import CodeCache
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings

#: Of each script; a copy is made in fewer steps than a dict of these.
_GLOBALS: dict[str, Any] = {
    "__name__": "__main__",
    "__file__": None,
    "__builtins__": None,
    # The builtins have these names, too.
    "__doc__": None,
    "__package__": None,
    "__loader__": None,
    "__spec__": None,
}
#: Scripts whose folders are known.
_PLACES = 1024


class ScriptFiles:
    """Scripts, compiled once for each version of their files."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._modules_of = lru_cache(_PLACES)(lambda path: folder.modules_of(os.path.dirname(path)))
        self._code = CODE if settings.use_caching_exec else CodeCache(0)

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the script of a request. Raises `OSError` if it cannot be read."""
        path = request.path
        return partial(_execute, self._code.load(path, version), request, self._modules_of(path))


def _execute(code: CodeType, request: ScriptRequest, modules: FolderModules) -> None:
    request.namespace = namespace = _GLOBALS.copy()
    namespace["__file__"] = request.path
    namespace["__builtins__"] = modules.refresh()
    exec(code, namespace)
