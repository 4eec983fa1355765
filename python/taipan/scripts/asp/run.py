"""Runs pages within one request."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from taipan.asp.page import AspPage
from taipan.folders import leads_below
from taipan.scripts.asp.application import Application
from taipan.scripts.asp.asp_folder import AspFolder
from taipan.scripts.asp.contents import HIDDEN
from taipan.scripts.asp.ended_sessions import ENDS, EndedSession
from taipan.scripts.asp.events import Events
from taipan.scripts.asp.request import Request
from taipan.scripts.asp.response import Response
from taipan.scripts.asp.server import Server
from taipan.scripts.asp.session import NUMBER, NoSession, Session, session_number
from taipan.scripts.included_texts import is_text_file
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.session import session_of

if TYPE_CHECKING:
    from taipan.sessions.session import Session as Stored

_DEPTH_LIMIT = 20
#: Key of a session whose start was an event.
_STARTED = f"{HIDDEN}started"


class AspRun:
    """A request for a page, with its objects."""

    def __init__(self, folder: AspFolder, page: AspPage, request: ScriptRequest) -> None:
        self._folder = folder
        self._page = page
        self._request = request
        self._events: Events | None = None
        self._stored: Stored | None = None
        settings = page.settings
        codec = settings.code_page.codec
        self._response = Response(request, settings.code_page)
        self._server = Server(folder.site, codec, request.environ)
        self._server._pages = self
        self._application = Application(folder.values)
        self._session: Session | NoSession = NoSession()
        self._objects: dict[str, Any] = {
            "Application": self._application,
            "Request": Request(request, codec),
            "Response": self._response,
            "Server": self._server,
        }
        #: Files of the pages that run, outermost first.
        self._open: list[str] = []

    def run(self) -> None:
        """Answers the request."""
        self._events = self._folder.asa.load()
        if self._events is not None:
            self._folder.life.begin(self._events)
        if self._page.settings.has_session:
            self._begin_session()
        self._objects["Session"] = self._session
        if self._stored is not None and self._events is not None:
            self._start_session(self._stored, self._events)
        self._run_page(self._page)

    def close(self) -> None:
        """Ends what the pages have left open."""
        self._application.Unlock()
        try:
            self._end_sessions()
        finally:
            self._objects.clear()
            self._server._pages = None

    def execute(self, path: str) -> None:
        """Adds the output of another page, or a text file."""
        if "?" in path:
            raise ValueError(f"Server.Execute({path!r}): a path without a query is wanted")
        file = self._server.MapPath(path)
        if len(self._open) > _DEPTH_LIMIT:
            raise RecursionError(f"pages are executed more than {_DEPTH_LIMIT} deep: {path}")
        root = self._folder.site.root
        hidden = any(part.startswith((".", "__")) for part in file[len(root) :].split("/"))
        real = os.path.realpath(file)
        if hidden or not os.path.isfile(real) or not leads_below(file, root):
            raise FileNotFoundError(f"Server.Execute({path!r}): there is no page {file}")
        kind = self._request.settings.kinds.get(os.path.splitext(file)[1])
        if kind == "asp":
            self._run_page(self._folder.load_page(file))
        elif kind == "script":
            self._folder.access.include_script(file, self._request)
        elif kind is None and is_text_file(real):
            with open(file, "rb") as stream:
                self._response.BinaryWrite(stream.read())
        else:
            raise ValueError(f"Server.Execute({path!r}): {file} is neither a page nor text")

    def transfer(self, path: str) -> NoReturn:
        """Goes on with another page."""
        self.execute(path)
        self._response.End()

    def _run_page(self, page: AspPage) -> None:
        modules = self._folder.access.modules_of(os.path.dirname(page.path))
        namespace: dict[str, Any] = {
            **self._objects,
            "__name__": "__main__",
            "__file__": page.path,
            "__builtins__": modules.refresh(),
            "__doc__": None,
            "__package__": None,
            "__loader__": None,
            "__spec__": None,
        }
        before = self._request.namespace, self._server._path
        self._request.namespace, self._server._path = namespace, page.path
        self._open.append(page.path)
        try:
            page.run(namespace, self._request.text.write, self._show)
        finally:
            self._open.pop()
            if self._open:
                self._request.namespace, self._server._path = before

    def _show(self, value: object) -> str:
        return "" if value is None else self._folder.show(value)

    # Sessions

    def _begin_session(self) -> None:
        self._stored = stored = session_of(self._request)
        # As on IIS every client has one.
        stored.issue()
        self._session = session = Session(stored, stored, self._response)
        if self._page.settings.lcid is not None:
            session.LCID = self._page.settings.lcid

    def _start_session(self, stored: Stored, events: Events) -> None:
        mount = self._folder.site.mount
        if events.has("Session_OnEnd") and stored.get(ENDS) != mount:
            stored[ENDS] = mount
            stored[NUMBER] = session_number(stored.id())
        if events.has("Session_OnStart") and stored.get(_STARTED) != mount:
            stored[_STARTED] = mount
            events.call("Session_OnStart", self._objects)

    def _end_sessions(self) -> None:
        events = self._events
        if self._stored is not None and isinstance(self._session, Session):
            if self._session._abandoned:
                self._end_session(self._session)
                self._stored.invalidate()
        if events is not None and events.has("Session_OnEnd"):
            self._folder.ended.take(self._end_lost)

    def _end_lost(self, session: EndedSession) -> None:
        self._end_session(Session(session, session, None))

    def _end_session(self, session: Session) -> None:
        if self._events is None:
            return
        application = Application(self._folder.values)
        objects = {"Application": application, "Session": session, "Server": self._server}
        try:
            self._events.call("Session_OnEnd", objects)
        except Exception as error:
            text = f"Session_OnEnd of {self._folder.site.root} failed: {error!r}"
            self._request.settings.reporter.report("error", text)
        finally:
            application.Unlock()
