"""`req`: the request as handlers, filters and pages of mod_python see it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from taipan.looks import is_file
from taipan.psp.page import Page
from taipan.scripts.mod_python.client import ClientConnection
from taipan.scripts.mod_python.constants import HTTP_NOT_FOUND
from taipan.scripts.mod_python.hooks import RequestHooks
from taipan.scripts.mod_python.server_record import ServerRecord, server_of
from taipan.scripts.mod_python.server_return import ServerReturn
from taipan.scripts.mod_python.tables import Table
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.session import session_of

if TYPE_CHECKING:
    from taipan.scripts.mod_python.form import FieldStorage
    from taipan.scripts.mod_python.session import BaseSession
    from taipan.sessions.session import Session


class RunPages(Protocol):
    """Runs pages within a request."""

    def load(self, path: str) -> Page:
        """The compiled page of a file."""

    def compile(self, content: bytes) -> Page:
        """A page that is in no file."""

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page, with these globals."""


class Request(RequestHooks):
    """The request, and its response until that has left; handlers add attributes of their own."""

    #: Once a page or the publisher has read it.
    form: FieldStorage
    #: That of a page.
    page_form: FieldStorage | None = None
    #: Once a page has opened it.
    session: Session | BaseSession
    interpreter = "main_interpreter"
    #: What handles the request, by the name of a directive of Apache.
    handler: str | None = "mod_python"
    #: By which its handler was chosen.
    extension: str | None = None
    used_path_info = 2
    #: A request that is redirected within the server is another one, which knows nothing of this.
    main = None
    prev = None
    next = None

    def __init__(self, request: ScriptRequest, pages: RunPages) -> None:
        super().__init__(request)
        self._pages = pages

    @cached_property
    def connection(self) -> ClientConnection:
        """The connection of the client."""
        environ = self._environ
        local = (environ["SERVER_NAME"], int(environ["SERVER_PORT"] or 0))
        return ClientConnection(self.server, self.useragent_addr, local)

    @cached_property
    def server(self) -> ServerRecord:
        """The server, by the name that the client has for it."""
        return server_of(self._request)

    @cached_property
    def notes(self) -> Table:
        """For handlers of the request to tell each other something."""
        return Table()

    def get_config(self) -> Table:
        """The directives of the route that have a value."""
        return self.server.get_config()

    def get_options(self) -> Table:
        """The options of the route; what a handler changes in it, others of the request see."""
        return self._options

    @cached_property
    def _options(self) -> Table:
        return self.server.get_options()

    def get_addhandler_exts(self) -> str:
        """Empty: handlers belong to routes, not to endings of names."""
        return ""

    def read_form(self) -> FieldStorage:
        """The form of a page, read once, with fields that are blank."""
        if self.page_form is None:
            from taipan.scripts.mod_python.form import FieldStorage

            self.form = self.page_form = FieldStorage(self, keep_blank_values=1)
        return self.page_form

    def open_session(self) -> Session:
        """The session of the client, who is given one."""
        self.session = session_of(self._request)
        self.session.issue()
        return self.session

    def redirect(self, location: str, permanent: int, text: str) -> None:
        """Makes the answer a redirect. Raises `OSError` when something has been sent."""
        if self.sent:
            raise OSError("Cannot redirect after headers have already been sent.")
        self._request.drop()
        self.status = 301 if permanent else 302
        self.err_headers_out["Location"] = location
        self.write(text, 0)

    def load_page(self, filename: str | None, content: str | bytes | None) -> Page:
        """A page by its name, or its content. Raises `SERVER_RETURN` if it is not there."""
        if content:
            return self._pages.compile(content.encode() if isinstance(content, str) else content)
        path = _place_page(self.filename, filename or self.filename)
        if not is_file(path):
            raise ServerReturn(HTTP_NOT_FOUND)
        return self._pages.load(path)

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page in place."""
        self._pages.run_page(page, given)


@lru_cache(1024)
def _place_page(file: str, name: str) -> str:
    """The path of a page with a name that is relative to the folder of a file."""
    return os.path.normpath(os.path.join(os.path.dirname(file), name))
