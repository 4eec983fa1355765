"""What pages need of their folder."""

from __future__ import annotations

from typing import Protocol

from taipan.psp.page import Page
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.request.current import ScriptRequest


class FolderAccess(Protocol):
    """A folder of scripts, for the pages in it."""

    @property
    def root(self) -> str:
        """Absolute path."""

    @property
    def folders(self) -> ModuleFolders:
        """The modules of all folders of the route."""

    def modules_of(self, folder: str) -> FolderModules:
        """The modules beside the pages of a folder."""

    def load_page(self, path: str) -> Page:
        """The compiled page."""

    def compile_page(self, path: str, content: bytes) -> Page:
        """A page that is in no file, beside the file of this path."""

    def run_script(self, request: ScriptRequest) -> None:
        """Runs the file of a request as a script. Raises `OSError` if it cannot be read."""

    def include_script(self, path: str, request: ScriptRequest) -> None:
        """Adds the body of what a script prints to the page of a request."""
