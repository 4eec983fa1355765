"""`res`: the response of a page."""

from __future__ import annotations

import html
from typing import Any

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import ScriptHead, parse_status, status_line
from taipan.scripts.webware.cookie import Cookie, Expires, format_expiry
from taipan.scripts.webware.http_exceptions import HTTPException
from taipan.scripts.webware.no_default import NoDefault, pick

_HTML = "text/html; charset=utf-8"


class HTTPResponse:
    """Text and head, until its first bytes have left."""

    def __init__(self, request: ScriptRequest) -> None:
        self._request = request
        self._write = request.text.write
        self._headers: dict[str, Any] = {"Content-type": _HTML}
        self._cookies: dict[str, Cookie] = {}
        request.output.make_head = self._make_head
        request.output.may_be_empty = True

    # Header fields

    def header(self, name: str, default: Any = NoDefault) -> Any:
        return pick(self._headers, name.capitalize(), default)

    def hasHeader(self, name: str) -> bool:
        return name.capitalize() in self._headers

    def setHeader(self, name: str, value: Any) -> None:
        self.assertNotCommitted()
        self._headers[name.capitalize()] = value

    def delHeader(self, name: str) -> None:
        self.assertNotCommitted()
        del self._headers[name.capitalize()]

    def headers(self) -> dict[str, Any]:
        return self._headers

    def clearHeaders(self) -> None:
        self.assertNotCommitted()
        self._headers = {}

    def setContentType(self, kind: str) -> None:
        self.setHeader("Content-Type", kind)

    def mergeTextHeaders(self, headerStr: str) -> None:
        for line in headerStr.splitlines():
            name, colon, value = line.partition(":")
            if colon:
                self.setHeader(name, value.strip())

    # Cookies

    def cookie(self, name: str) -> Cookie:
        return self._cookies[name]

    def hasCookie(self, name: str) -> bool:
        return name in self._cookies

    def cookies(self) -> dict[str, Cookie]:
        return self._cookies

    def setCookie(
        self,
        name: str,
        value: Any,
        path: str = "/",
        expires: Expires = "ONCLOSE",
        secure: bool = False,
    ) -> None:
        """Adds a cookie; `format_expiry` has the kinds of `expires`, and `NOW` does nothing."""
        if expires == "NOW":
            return
        cookie = _make_cookie(name, value, path, secure)
        date = format_expiry(expires)
        if date:
            cookie.setExpires(date)
        self.addCookie(cookie)

    def addCookie(self, cookie: Cookie) -> None:
        self.assertNotCommitted()
        self._cookies[cookie.name()] = cookie

    def delCookie(self, name: str, path: str = "/", secure: bool = False) -> None:
        """Makes the browser forget a cookie."""
        if name not in self._cookies:
            self.addCookie(_make_cookie(name, "", path, secure))
        self._cookies[name].delete()

    def clearCookies(self) -> None:
        self.assertNotCommitted()
        self._cookies = {}

    # Status

    def setStatus(self, code: Any, msg: str = "") -> None:
        self.setHeader("Status", f"{code} {msg}")

    sendError = setStatus

    def setErrorHeaders(self, err: HTTPException) -> None:
        """Makes the head that of an exception."""
        for name, value in err.headers().items():
            self.setHeader(name, value)
        self.setStatus(err.code(), err.codeMessage())
        self.setHeader("Content-Type", _HTML)

    def sendRedirect(self, url: str, status: str | None = None) -> None:
        self.setHeader("Status", status or "302 Found")
        self.setHeader("Location", url)
        self.setHeader("Content-Type", _HTML)
        link = html.escape(url)
        self.write(
            "<html><body>This page has been redirected to"
            f' <a href="{link}">{link}</a>.</body></html>'
        )

    def sendRedirectPermanent(self, url: str) -> None:
        self.sendRedirect(url, "301 Moved Permanently")

    def sendRedirectSeeOther(self, url: str) -> None:
        self.sendRedirect(url, "303 See Other")

    def sendRedirectTemporary(self, url: str) -> None:
        self.sendRedirect(url, "307 Temporary Redirect")

    # Output

    def write(self, output: Any = None) -> None:
        """Adds a value to the page, as text unless it is bytes; false ones are left out."""
        if type(output) is str:
            self._write(output)
        elif isinstance(output, bytes):
            self._request.text.buffer.write(output)
        elif output:
            self._write(str(output))

    def flush(self, autoFlush: bool = True) -> None:
        """Sends what was written so far."""
        self._request.text.flush()

    def isCommitted(self) -> bool:
        return self._request.output.begun

    def assertNotCommitted(self) -> None:
        if self.isCommitted():
            raise ConnectionError("Headers have already been sent.")

    def reset(self) -> None:
        """Forgets head and text."""
        self.assertNotCommitted()
        self._headers = {"Content-type": _HTML}
        self._cookies = {}
        self._request.drop()

    def protocol(self) -> str:
        return str(self._request.environ["SERVER_PROTOCOL"])

    def _make_head(self) -> ScriptHead:
        fields = [(name, str(value)) for name, value in self._headers.items() if name != "Status"]
        fields += [("Set-Cookie", cookie.headerValue()) for cookie in self._cookies.values()]
        given = str(self._headers.get("Status", "")).strip()
        implied = 302 if "Location" in self._headers else 200
        status = parse_status(given) if given else status_line(implied)
        return ScriptHead(status, fields, 0, usual=not given)


def _make_cookie(name: str, value: Any, path: str, secure: bool) -> Cookie:
    cookie = Cookie(name, value)
    if path:
        cookie.setPath(path)
    if secure:
        cookie.setSecure()
    return cookie
