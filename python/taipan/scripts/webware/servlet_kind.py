"""Answers requests by servlets."""

from __future__ import annotations

from functools import partial

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.webware.pages import WebwarePages
from taipan.scripts.webware.servlet_files import load_servlet


class ServletKind:
    """The modules of a context of Webware."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._folder = folder
        self._pages = WebwarePages(settings, folder)

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the servlet of a request. Raises what `load_servlet` raises."""
        servlet = load_servlet(self._folder, request.path)
        return partial(self._pages.answer, request, lambda trans: trans.run(servlet()))
