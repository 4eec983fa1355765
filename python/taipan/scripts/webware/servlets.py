"""Base classes of pages: the modules `Servlet`, `HTTPServlet`, `HTTPContent` and `Page`."""

from __future__ import annotations

import sys
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

from taipan.scripts.webware.functions import htmlDecode, htmlEncode, urlDecode, urlEncode
from taipan.scripts.webware.transaction import EndResponse, Transaction

if TYPE_CHECKING:
    from taipan.scripts.webware.request import HTTPRequest
    from taipan.scripts.webware.response import HTTPResponse
    from taipan.scripts.webware.session import Session
    from taipan.scripts.webware.transaction import Application


class Servlet:
    """What answers; each instance answers one request."""

    _transaction: Transaction

    def name(self) -> str:
        return self.__class__.__name__

    def runTransaction(self, transaction: Transaction) -> None:
        """Answers a request."""
        try:
            self.awake(transaction)
            self.respond(transaction)
        finally:
            self.sleep(transaction)

    def runMethodForTransaction(
        self, transaction: Transaction, method: str, *args: Any, **kw: Any
    ) -> Any:
        """Calls a method as part of a request."""
        self.awake(transaction)
        try:
            return getattr(self, method)(*args, **kw)
        finally:
            self.sleep(transaction)

    def awake(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def respond(self, transaction: Transaction) -> None:
        raise NotImplementedError(f"{self.__class__.__name__} has no method respond")

    def sleep(self, transaction: Transaction) -> None:
        """Called at the end."""

    def log(self, message: object) -> None:
        """Writes to the log."""
        print(message, file=sys.stderr)

    def canBeThreaded(self) -> bool:
        return False

    def canBeReused(self) -> bool:
        return True

    def serverSidePath(self, path: str | None = None) -> str:
        return self._transaction.request().serverSidePath(path)


class HTTPServlet(Servlet):
    """Calls `respondToGet` and its like."""

    def respond(self, transaction: Transaction) -> None:
        method = transaction.request().method()
        if method in ("GET", "HEAD") and self._is_known(transaction):
            return
        getattr(self, f"respondTo{method.capitalize()}", self.notImplemented)(transaction)

    def lastModified(self, _trans: Transaction) -> float | None:
        """Seconds since 1970; None if it is not known."""
        return None

    def _is_known(self, trans: Transaction) -> bool:
        """Answers a client that has the present version."""
        modified = self.lastModified(trans)
        if not modified:
            return False
        response, date = trans.response(), formatdate(modified, usegmt=True)
        response.setHeader("Last-Modified", date)
        known = str(trans.request().environ().get("HTTP_IF_MODIFIED_SINCE", "")).partition(";")[0]
        if known != date:
            return False
        response.delHeader("Content-Type")
        response.setStatus(304, "Not Modified")
        return True

    @staticmethod
    def notImplemented(trans: Transaction) -> None:
        """Answers other methods."""
        trans.response().setStatus(501, "Not Implemented")

    def respondToHead(self, trans: Transaction) -> None:
        # The server leaves the body out.
        getattr(self, "respondToGet", self.notImplemented)(trans)


class HTTPContent(HTTPServlet):
    """Has what a page needs at hand."""

    _actionPrefix = "_action_"
    _response: HTTPResponse
    _request: HTTPRequest

    def awake(self, transaction: Transaction) -> None:
        super().awake(transaction)
        self._response = transaction.response()
        self._request = transaction.request()

    def respondToGet(self, transaction: Transaction) -> None:
        self._respond(transaction)

    def respondToPost(self, transaction: Transaction) -> None:
        self._respond(transaction)

    def _respond(self, transaction: Transaction) -> None:
        action = self._find_action(transaction.request())
        if action is None:
            self.defaultAction()
        else:
            self.handleAction(action)

    def _find_action(self, req: HTTPRequest) -> str | None:
        """The action that a field names: `_action_` by its value, `_action_x` by its name."""
        actions = list(self.actions())
        if not actions or not self._actionPrefix:
            return None
        if req.hasField(self._actionPrefix):
            action = self.methodNameForAction(req.field(self._actionPrefix))
            if action in actions:
                return action
        for action in actions:
            name = self._actionPrefix + action
            # A picture as a button sends where it was clicked.
            if req.hasField(name) or (req.hasField(f"{name}.x") and req.hasField(f"{name}.y")):
                return action
        return None

    def defaultAction(self) -> None:
        """Answers where no action is asked for."""

    def actions(self) -> list[str]:
        """Names of methods that forms may call."""
        return []

    def handleAction(self, action: str) -> None:
        self.preAction(action)
        getattr(self, action)()
        self.postAction(action)

    def preAction(self, actionName: str) -> None:
        """Called before an action."""

    def postAction(self, actionName: str) -> None:
        """Called after an action."""

    def methodNameForAction(self, name: str) -> str:
        return name

    def application(self) -> Application:
        return self._transaction.application()

    def transaction(self) -> Transaction:
        return self._transaction

    def request(self) -> HTTPRequest:
        return self._request

    def response(self) -> HTTPResponse:
        return self._response

    def session(self) -> Session:
        return self._transaction.session()

    def sessionEncode(self, url: str | None = None) -> str:
        """The URL as it is: ids travel in cookies only."""
        return self._request.uri() if url is None else url

    def write(self, *args: Any) -> None:
        for arg in args:
            self._response.write(arg)

    def writeln(self, *args: Any) -> None:
        self.write(*args, "\n")

    def outputEncoding(self) -> str:
        return self.application().outputEncoding()

    urlEncode = staticmethod(urlEncode)
    urlDecode = staticmethod(urlDecode)

    def forward(self, url: str) -> None:
        self.application().forward(self.transaction(), url)

    def includeURL(self, url: str) -> None:
        self.application().includeURL(self.transaction(), url)

    def callMethodOfServlet(self, url: str, method: str, *args: Any, **kw: Any) -> Any:
        return self.application().callMethodOfServlet(self.transaction(), url, method, *args, **kw)

    @staticmethod
    def endResponse() -> None:
        raise EndResponse

    def sendRedirectAndEnd(self, url: str, status: str | None = None) -> None:
        self._response.sendRedirect(url, status)
        self.endResponse()

    def sendRedirectPermanentAndEnd(self, url: str) -> None:
        self._response.sendRedirectPermanent(url)
        self.endResponse()

    def sendRedirectSeeOtherAndEnd(self, url: str) -> None:
        self._response.sendRedirectSeeOther(url)
        self.endResponse()

    def sendRedirectTemporaryAndEnd(self, url: str) -> None:
        self._response.sendRedirectTemporary(url)
        self.endResponse()


class Page(HTTPContent):
    """A page of HTML; classes derived from it replace the methods that write its parts."""

    def defaultAction(self) -> None:
        self.writeHTML()

    def title(self) -> str:
        return self.__class__.__name__

    def htTitle(self) -> str:
        return self.title()

    def htRootArgs(self) -> str:
        """Attributes of `html`."""
        return 'lang="en"'

    def htBodyArgs(self) -> str:
        """Attributes of `body`."""
        return 'style="color:black;background-color:white"'

    def writeHTML(self) -> None:
        """Writes all of the page."""
        self._begin()
        self.writeBody()
        self.writeln("</html>")

    def _begin(self) -> None:
        self.writeDocType()
        args = self.htRootArgs()
        self.writeln(f"<html {args}>" if args else "<html>")
        self.writeHead()

    def writeDocType(self) -> None:
        self.writeln("<!DOCTYPE html>")

    def writeHead(self) -> None:
        self.writeln("<head>")
        self.writeHeadParts()
        self.writeln("</head>")

    def writeHeadParts(self) -> None:
        self.writeTitle()
        self.writeMetaData()
        self.writeStyleSheet()
        self.writeJavaScript()

    def writeTitle(self) -> None:
        self.writeln(f"\t<title>{self.title()}</title>")

    def writeMetaData(self) -> None:
        charset = self.outputEncoding()
        if charset:
            self.writeln(f'\t<meta charset="{charset}">')

    def writeStyleSheet(self) -> None:
        """Writes nothing."""

    def writeJavaScript(self) -> None:
        """Writes nothing."""

    def writeBody(self) -> None:
        args = self.htBodyArgs()
        self.writeln(f"<body {args}>" if args else "<body>")
        self.writeBodyParts()
        self.writeln("</body>")

    def writeBodyParts(self) -> None:
        self.writeContent()

    def writeContent(self) -> None:
        self.writeln("<p>This page has not yet customized its content.</p>")

    def preAction(self, actionName: str) -> None:
        self._begin()

    def postAction(self, actionName: str) -> None:
        self.writeln("</html>")

    htmlEncode = staticmethod(htmlEncode)
    htmlDecode = staticmethod(htmlDecode)


class PSPPage(Page):
    """A page with `self.out`."""

    out: HTTPResponse

    def awake(self, transaction: Transaction) -> None:
        super().awake(transaction)
        self.out = transaction.response()
