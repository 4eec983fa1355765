"""Runs PSP pages."""

from __future__ import annotations

import os
import sys
from typing import Any

from taipan.psp.page import Page, PageCache
from taipan.scripts.current import ScriptRequest
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.page_request import PageRequest, PageTools, make_form
from taipan.scripts.session_access import session_of
from taipan.scripts.settings import ScriptSettings
from taipan.scripts.webware.pages import WebwarePages

#: Name of the module that a page seems to be.
_MODULE = "mod_python.psp"


class Pages:
    """The pages of a folder, compiled once for each version of their files."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._reporter = settings.reporter
        self._folder = folder
        self._cache = PageCache(settings.pages, settings.cache_limit)
        self._webware = WebwarePages(folder) if settings.pages.dialect == "webware" else None

    def load(self, path: str) -> Page:
        """The compiled page. Raises `PageSyntaxError`, and `OSError` if it cannot be read."""
        return self._cache.load(path)

    def run(self, page: Page, request: ScriptRequest) -> None:
        """Runs the page of the request; its error page if it fails before anything was sent."""
        if self._webware is not None:
            self._webware.run(page, request)
            return
        req = PageRequest(request, self._reporter)
        request.output.make_head = req.make_head
        request.output.may_be_empty = True
        tools = PageTools(request, req)
        names = {"req": req, "psp": tools}
        try:
            self._run(page, request, names)
        except Exception:
            if not tools.error_page or request.output.begun:
                raise
            request.drop()
            req.status = 500
            failure = {"exception": sys.exc_info()}
            self._run(self.load(tools.error_page), request, {**names, **failure})

    def _run(self, page: Page, request: ScriptRequest, given: dict[str, Any]) -> None:
        builtins = self._folder.modules_of(os.path.dirname(page.path)).refresh()
        namespace = {
            "__name__": _MODULE,
            "__file__": page.path,
            "__builtins__": builtins,
            "os": os,
            "sys": sys,
            **given,
        }
        if "form" in page.names:
            namespace["form"] = make_form(request)
        if "session" in page.names:
            namespace["session"] = session = session_of(request)
            # mod_python gives every client of such a page one.
            session.issue()
        request.namespace = namespace
        page.run(namespace, request.text.write)
