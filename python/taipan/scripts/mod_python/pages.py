"""Runs the pages of a folder in the dialect of mod_python."""

from __future__ import annotations

import html
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taipan.psp.page import Page
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python import apache, psp, util
from taipan.scripts.mod_python.request import Request
from taipan.scripts.mod_python.tools import PageTools
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import status_line

if TYPE_CHECKING:
    from taipan.scripts.mod_python.session import BaseSession

#: Media type of pages.
HTML = "text/html; charset=utf-8"
#: Globals of every page; those of the module that runs pages there.
_GIVEN = {
    "__name__": "mod_python.psp",
    "PSP": psp.PSP,
    "apache": apache,
    "escape": html.escape,
    "os": os,
    "sys": sys,
    "util": util,
}
#: Ends that are no errors.
_GOOD = (apache.OK, apache.DECLINED, apache.DONE, 200)


def run_mod_python(page: Page, request: ScriptRequest, folder: FolderAccess) -> None:
    """Runs the page of the request; its error page if it fails before anything was sent."""
    run = PageRun(request, folder)
    run.req.content_type = HTML
    run.req.holds_writes = True
    try:
        run.run_page(page, {})
    except apache.SERVER_RETURN as end:
        run.end_with(end.args[0] if end.args else apache.OK)
    finally:
        run.release()


class PageRun:
    """Runs pages within one request."""

    def __init__(self, request: ScriptRequest, folder: FolderAccess) -> None:
        self._request = request
        self.folder = folder
        self.req = Request(request, self)
        request.output.make_head = self.req.make_head
        request.output.may_be_empty = True

    def load(self, path: str) -> Page:
        """The compiled page of a file."""
        return self.folder.load_page(path)

    def compile(self, content: bytes) -> Page:
        """A page that is in no file."""
        return self.folder.compile_page(self._request.path, content)

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page, with these globals; its error page if it fails before anything was sent.

        A session that it opens is stored when it ends, unless it fails.
        """
        tools = PageTools(self.req, page.path)
        session = self._open_session(page)
        try:
            self._run(page, tools, given)
        except (apache.SERVER_RETURN, SystemExit):
            self._save_session()
            raise
        except Exception:
            if not tools.error_page or self._request.output.begun:
                raise
            self._request.drop()
            self.req.status = 500
            self._run(self.load(tools.error_page), tools, {"exception": sys.exc_info()})
        else:
            self._save_session()
        finally:
            if session is not None:
                session.unlock()
                del self.req.session

    def _run(self, page: Page, tools: PageTools, given: Mapping[str, Any]) -> None:
        req = self.req
        namespace = {
            **_GIVEN,
            "__builtins__": self.folder.modules_of(page.folder).refresh(),
            "__file__": page.path,
            "psp": tools,
            "req": req,
            "form": req.read_form() if "form" in page.names else getattr(req, "form", None),
            "session": getattr(req, "session", None),
            **given,
        }
        self._request.namespace = namespace
        page.run(namespace, self._request.text.append, self._request.text.make_room)

    def _open_session(self, page: Page) -> BaseSession | None:
        """Opens that of the client, if the page names it; gives what is to be closed."""
        if "session" not in page.names or hasattr(self.req, "session"):
            return None
        if self._request.settings.legacy is None:
            # It stores and closes itself.
            self.req.open_session()
            return None
        from taipan.scripts.mod_python.session import Session

        self.req.session = session = Session(self.req)
        return session

    def _save_session(self) -> None:
        if self._request.settings.legacy is not None and hasattr(self.req, "session"):
            self.req.session.save()

    def release(self) -> None:
        """Lets go of what refers to it, which only the garbage collector would find."""
        del self.req

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
