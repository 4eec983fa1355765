"""Exceptions that are answers: the module `HTTPExceptions`."""

from __future__ import annotations

import html
from typing import Any


class HTTPException(Exception):
    """An answer with an error status."""

    _code = (500, "Server Error")
    _description = "An error occurred"

    def code(self) -> int:
        return self._code[0]

    def codeMessage(self) -> str:
        return self._code[1]

    def headers(self) -> dict[str, str]:
        """Fields of the answer besides its status."""
        return {}

    def title(self) -> str:
        return self.codeMessage()

    def description(self) -> str:
        """HTML."""
        return self._description

    def html(self) -> str:
        """The page that is the answer."""
        body = self.description() + "".join(
            f"<p>{html.escape(str(one))}</p>\n" for one in self.args
        )
        head = f"<html><head><title>{self.code()} {self.title()}</title></head>"
        return f"\n{head}\n<body>\n<h1>{self.title()}</h1>\n{body}\n</body></html>"


class HTTPMovedPermanently(HTTPException):
    """301."""

    _code = (301, "Moved Permanently")

    def __init__(self, location: str = "", webwareLocation: str = "") -> None:
        super().__init__()
        self._location = location or webwareLocation

    def location(self) -> str:
        return self._location

    def headers(self) -> dict[str, str]:
        """Location."""
        return {"Location": self.location()}

    def description(self) -> str:
        """A link."""
        link = html.escape(self.location())
        return f'The resource you are accessing has been moved to <a href="{link}">{link}</a>'


class HTTPTemporaryRedirect(HTTPMovedPermanently):
    """307."""

    _code = (307, "Temporary Redirect")


class HTTPBadRequest(HTTPException):
    """400."""

    _code = (400, "Bad Request")


class HTTPAuthenticationRequired(HTTPException):
    """401."""

    _code = (401, "Authentication Required")
    _description = "You must log in to access this page"

    def __init__(self, realm: str = "", *args: Any) -> None:
        super().__init__(*args)
        self._realm = realm or "Password required"

    def headers(self) -> dict[str, str]:
        """WWW-Authenticate."""
        return {"WWW-Authenticate": f'Basic realm="{self._realm}"'}


class HTTPForbidden(HTTPException):
    """403."""

    _code = (403, "Forbidden")
    _description = "You are not authorized to access this resource"


class HTTPNotFound(HTTPException):
    """404."""

    _code = (404, "Not Found")
    _description = "The resource you were trying to access was not found"


class HTTPMethodNotAllowed(HTTPException):
    """405."""

    _code = (405, "Method Not Allowed")


class HTTPConflict(HTTPException):
    """409."""

    _code = (409, "Conflict")


class HTTPServerError(HTTPException):
    """500."""

    _code = (500, "Server Error")


class HTTPNotImplemented(HTTPException):
    """501."""

    _code = (501, "Not Implemented")


class HTTPServiceUnavailable(HTTPException):
    """503."""

    _code = (503, "Service Unavailable")


HTTPRedirect = HTTPTemporaryRedirect
HTTPNotAuthorized = HTTPForbidden
