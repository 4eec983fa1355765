"""Runs the pages of a folder in the dialect of Webware."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import Any, Callable, NamedTuple

from taipan.native import allocate_lock
from taipan.psp.page import Page
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.webware.http_exceptions import HTTPException
from taipan.scripts.webware.included_urls import find_included, resolve_url
from taipan.scripts.webware.servlet_files import load_servlet
from taipan.scripts.webware.servlets import Servlet
from taipan.scripts.webware.transaction import EndResponse, Transaction

#: Classes that are kept.
_LIMIT = 4096
_DEPTH_LIMIT = 20
_USUAL_KINDS = {".py": "script", ".psp": "psp"}


class _Known(NamedTuple):
    page: Page
    #: That of the modules which the page may have imported.
    generation: int
    servlet: type[Servlet]


class WebwarePages:
    """The class of each page is made once for each version of its files and modules."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._folder = folder
        #: How files that pages include are run.
        self.kinds = settings.kinds or _USUAL_KINDS
        self._lock = allocate_lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()

    def run(self, page: Page, request: ScriptRequest) -> None:
        """Answers a request by a page."""
        self.answer(request, lambda trans: self.run_page(page, trans))

    def run_page(self, page: Page, trans: Transaction) -> None:
        """Lets a page write."""
        if page.options.dialect != "webware":
            raise ValueError(f"{page.path} is in no page of Webware; pspDialect says what it is")
        servlet = self.servlet_of(page)
        page.guard(lambda: trans.run(servlet()))

    def answer(self, request: ScriptRequest, write: Callable[[Transaction], None]) -> None:
        """Answers a request by what `write` does."""
        trans = _Runner(self, self._folder, request).trans
        try:
            write(trans)
        except EndResponse:
            pass
        except HTTPException as error:
            if request.output.begun:
                raise
            request.drop()
            trans.response().setErrorHeaders(error)
            trans.response().write(error.html())

    def servlet_of(self, page: Page) -> type[Servlet]:
        """The class of a page. Raises what its code raises."""
        modules = self._folder.modules_of(os.path.dirname(page.path))
        modules.refresh()
        servlet = self._find(page, modules.generation)
        if servlet is None:
            # The code of a page has state, so that two first requests may not run it twice.
            with self._lock:
                servlet = self._find(page, modules.generation) or self._define(page, modules)
        return servlet

    def _find(self, page: Page, generation: int) -> type[Servlet] | None:
        known = self._known.get(page.path)
        fresh = known is not None and known.page is page and known.generation == generation
        return known.servlet if known is not None and fresh else None

    def _define(self, page: Page, modules: FolderModules) -> type[Servlet]:
        generation = modules.generation
        namespace: dict[str, Any] = {
            "__builtins__": modules.builtins,
            "__file__": page.path,
            "__package__": modules.package,
        }
        servlet: type[Servlet] = page.define(namespace)
        if not issubclass(servlet, Servlet):
            raise TypeError(
                f"{page.path} extends a class that is not derived from Page; write"
                ' "from Page import Page" in its module'
            )
        self._known[page.path] = _Known(page, generation, servlet)
        if len(self._known) > _LIMIT:
            self._known.popitem(last=False)
        return servlet


class _Runner:
    """Runs pages within one request."""

    def __init__(self, pages: WebwarePages, folder: FolderAccess, request: ScriptRequest) -> None:
        self._pages = pages
        self._folder = folder
        self._request = request
        self.root = folder.root
        self.trans = Transaction(request, self)
        #: URL paths of the pages that run, outermost first.
        self._open = [self.trans.request().urlPath()]

    def include(self, trans: Transaction, url: str) -> None:
        """Adds the output of another URL of the folder."""
        path = resolve_url(trans.request().urlPath(), url)
        file, kind = find_included(self.root, path, self._pages.kinds)
        self._enter(path, file)
        try:
            if kind == "psp":
                self._pages.run_page(self._folder.load_page(file), trans)
            elif kind == "servlet":
                trans.run(load_servlet(self._folder, file)())
            elif kind == "script":
                self._folder.include_script(file, self._request)
            else:
                with open(file, "rb") as stream:
                    trans.response().write(stream.read())
        except EndResponse:
            # It ends the included page only.
            pass
        finally:
            self._leave()

    def make_servlet(self, trans: Transaction, url: str) -> Servlet:
        """An instance of the page of a URL."""
        path = resolve_url(trans.request().urlPath(), url)
        file, kind = find_included(self.root, path, self._pages.kinds)
        if kind == "servlet":
            return load_servlet(self._folder, file)()
        if kind != "psp":
            raise ValueError(f"{url} is no page, so it has no methods")
        return self._pages.servlet_of(self._folder.load_page(file))()

    def _enter(self, path: str, file: str) -> None:
        if len(self._open) > _DEPTH_LIMIT:
            way = " -> ".join([*self._open[-3:], path])
            raise RecursionError(
                f"pages include each other more than {_DEPTH_LIMIT} deep: ... {way}"
            )
        self._open.append(path)
        self.trans.request().enter(path, file)

    def _leave(self) -> None:
        self._open.pop()
        self.trans.request().leave()
