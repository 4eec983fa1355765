"""`trans`: what belongs to one request, and `trans.application()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.session import session_of
from taipan.scripts.webware.request import HTTPRequest
from taipan.scripts.webware.response import HTTPResponse

if TYPE_CHECKING:
    from taipan.scripts.webware.session import Session

_VERSION = (3, 1, 0)


class EndResponse(Exception):
    """Ends a page; what it wrote is the response."""


class AnyServlet(Protocol):
    """A page."""

    def runTransaction(self, transaction: Transaction) -> None:
        """Answers a request."""

    def runMethodForTransaction(
        self, transaction: Transaction, method: str, *args: Any, **kw: Any
    ) -> Any:
        """Calls a method as part of a request."""


class PageRunner(Protocol):
    """Runs other pages in the request of one."""

    root: str

    def include(self, trans: Transaction, url: str) -> None:
        """Adds the output of another URL of the folder."""

    def make_servlet(self, trans: Transaction, url: str) -> AnyServlet:
        """An instance of the page of a URL."""


class Application:
    """The folder of pages, for one request."""

    def __init__(self, runner: PageRunner) -> None:
        self._runner = runner

    def includeURL(self, trans: Transaction, url: str) -> None:
        """Adds the output of another URL of the folder; relative ones begin at the present page."""
        self._runner.include(trans, url)

    def forward(self, trans: Transaction, url: str) -> None:
        """Ends the page, with the output of another URL in place of its own."""
        trans.response().reset()
        self._runner.include(trans, url)
        raise EndResponse

    def callMethodOfServlet(
        self, trans: Transaction, url: str, method: str, *args: Any, **kw: Any
    ) -> Any:
        """Calls a method of another page."""
        servlet = self._runner.make_servlet(trans, url)
        return servlet.runMethodForTransaction(trans, method, *args, **kw)

    def outputEncoding(self) -> str:
        return "utf-8"

    def serverSidePath(self, path: str | None = None) -> str:
        return f"{self._runner.root}/{path.lstrip('/')}" if path else self._runner.root

    def contexts(self) -> dict[str, str]:
        """The one that there is."""
        return {"default": self._runner.root}

    def plugIns(self) -> dict[str, Any]:
        """There are none."""
        return {}

    def webwareVersion(self) -> tuple[int, int, int]:
        """The Webware whose names there are."""
        return _VERSION

    def webwareVersionString(self) -> str:
        return ".".join(map(str, _VERSION[:2]))

    def setting(self, name: str, default: Any = None) -> Any:
        """The default: there are no settings."""
        return default

    def hasSetting(self, name: str) -> bool:
        return False


class Transaction:
    """Request, response and the present page."""

    def __init__(self, request: ScriptRequest, runner: PageRunner) -> None:
        self._application = Application(runner)
        self._request = HTTPRequest(request)
        self._request._transaction = self
        self._response = HTTPResponse(request)
        self._script = request
        self._session: Session | None = None
        self._servlets: list[AnyServlet] = []

    def application(self) -> Application:
        return self._application

    def request(self) -> HTTPRequest:
        return self._request

    def response(self) -> HTTPResponse:
        return self._response

    def session(self) -> Session:
        """The client's session, which begins with the first call."""
        if self._session is None:
            from taipan.scripts.webware.session import Session

            self._session = Session(session_of(self._script))
        return self._session

    def hasSession(self) -> bool:
        """The client has sent the id of a session that lives."""
        return not session_of(self._script).is_new()

    def servlet(self) -> AnyServlet | None:
        """The page that runs now."""
        return self._servlets[-1] if self._servlets else None

    def run(self, servlet: AnyServlet) -> None:
        """Lets a page answer."""
        self._servlets.append(servlet)
        try:
            servlet.runTransaction(self)
        finally:
            self._servlets.pop()
