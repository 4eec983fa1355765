"""Runs the pages of a folder in the dialect of mod_python."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Mapping
from typing import Any

from taipan.psp.page import Page
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python import apache, psp, util
from taipan.scripts.mod_python.request import Request
from taipan.scripts.mod_python.tools import PageTools
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import status_line

#: Globals of every page; those of the module that runs pages there.
_GIVEN = {
    "__name__": "mod_python.psp",
    "PSP": psp.PSP,
    "apache": apache,
    "escape": html.escape,
    "form": None,
    "os": os,
    "session": None,
    "sys": sys,
    "util": util,
}
#: Ends that are no errors.
_GOOD = (apache.OK, apache.DECLINED, apache.DONE, 200)


def run_mod_python(page: Page, request: ScriptRequest, folder: FolderAccess) -> None:
    """Runs the page of the request; its error page if it fails before anything was sent."""
    run = PageRun(request, folder)
    run.req.content_type = "text/html; charset=utf-8"
    run.req.holds_writes = True
    try:
        try:
            run.run_page(page, {})
        except (apache.SERVER_RETURN, SystemExit):
            raise
        except Exception:
            if not run.tools.error_page or request.output.begun:
                raise
            request.drop()
            run.req.status = 500
            run.run_page(run.load(run.tools.error_page), {"exception": sys.exc_info()})
    except apache.SERVER_RETURN as end:
        run.end_with(end.args[0] if end.args else apache.OK)
    finally:
        run.release()


class PageRun:
    """Runs pages within one request."""

    def __init__(self, request: ScriptRequest, folder: FolderAccess) -> None:
        self._request = request
        self._folder = folder
        self.req = Request(request, self)
        self.tools = PageTools(self.req)
        request.output.make_head = self.req.make_head
        request.output.may_be_empty = True

    def load(self, path: str) -> Page:
        """The compiled page of a file."""
        return self._folder.load_page(path)

    def compile(self, content: bytes) -> Page:
        """A page that is in no file."""
        return self._folder.compile_page(self._request.path, content)

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page, with these globals."""
        modules = self._folder.modules_of(os.path.dirname(page.path))
        namespace = {
            **_GIVEN,
            "__builtins__": modules.refresh(),
            "__file__": page.path,
            "psp": self.tools,
            "req": self.req,
        }
        if "form" in page.names:
            namespace["form"] = self.req.read_form()
        if "session" in page.names:
            namespace["session"] = self.req.open_session()
        namespace.update(given)
        self._request.namespace = namespace
        page.run(namespace, self._request.text.append, self._request.text.make_room)

    def release(self) -> None:
        """Lets go of what refers to it, which only the garbage collector would find."""
        del self.req, self.tools

    def end_with(self, status: Any) -> None:
        """Ends the request with what was written, or with the answer of an error status."""
        if status in _GOOD:
            return
        if not isinstance(status, int) or not 300 <= status <= 599:
            raise ValueError(f"SERVER_RETURN({status!r}): a status from 300 to 599 is wanted")
        if self._request.output.begun:
            return
        self._request.drop()
        self.req.become_error(status)
        self.req.write(status_line(status).partition(" ")[2] + "\n", 0)
