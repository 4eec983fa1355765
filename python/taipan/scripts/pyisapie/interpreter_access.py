"""What a request needs of its interpreter."""

from __future__ import annotations

from typing import Any, Callable, Protocol

from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import ScriptRequest


class InterpreterAccess(Protocol):
    """An interpreter of PyISAPIe, for the code that runs in it."""

    name: str
    modules: FolderModules
    #: What `Http.Config` says.
    values: dict[str, Any]
    #: That of `Http.URL`, and the turn of the modules that it was made of.
    url_map: tuple[int, Callable[[], Any] | None]

    def run_file(self, script: ScriptRequest) -> object:
        """Calls `Request()` of the file that the path names; True if there is none."""
