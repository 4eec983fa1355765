"""`req`: the request of a page."""

from __future__ import annotations

import os
import posixpath
import time
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.webware.no_default import NoDefault, pick

if TYPE_CHECKING:
    from taipan.forms import FieldStorage


class HTTPRequest:
    """The client's request; its path is that of the page that runs now."""

    #: The `Transaction`.
    _transaction: Any
    _expired = False

    def __init__(self, request: ScriptRequest) -> None:
        self._request = request
        self._environ: dict[str, Any] = {
            name: value for name, value in request.environ.items() if name.isupper()
        }
        self._time = time.time()
        root, file = self._environ["DOCUMENT_ROOT"], self._environ["SCRIPT_FILENAME"]
        self._mount, path = split_mount(self._environ["SCRIPT_NAME"], file[len(root.rstrip("/")) :])
        #: Of the pages that include each other, the present one last: URL path, and file.
        self._pages: list[tuple[str, str]] = [(path + self._environ["PATH_INFO"], request.path)]
        self._extra = self._environ["PATH_INFO"]

    def enter(self, path: str, file: str) -> None:
        """Makes another page the present one."""
        self._pages.append((path, file))

    def leave(self) -> None:
        """Goes back to the page before."""
        self._pages.pop()

    def isSessionExpired(self) -> bool:
        """What `setSessionExpired` said."""
        return self._expired

    def setSessionExpired(self, sessionExpired: bool) -> None:
        self._expired = sessionExpired

    # Fields and cookies

    @cached_property
    def _storage(self) -> FieldStorage:
        from taipan.forms import FieldStorage

        variables = self._request.text_variables()
        if variables["REQUEST_METHOD"] not in ("GET", "HEAD"):
            variables["QUERY_STRING"] = ""
        body = self._request.environ["wsgi.input"]
        return FieldStorage(fp=body, environ=variables, keep_blank_values=True)

    @cached_property
    def _fields(self) -> dict[str, Any]:
        """Values, or lists of them; those of the body replace those of the query."""
        fields: dict[str, Any] = {}
        for one in self._storage.list or ():
            fields.setdefault(one.name, []).append(one if one.filename else one.value)
        if self.method() not in ("GET", "HEAD"):
            for name, values in _query_fields(self.queryString()).items():
                fields.setdefault(name, values)
        return _simplify(fields)

    def queryFields(self) -> dict[str, Any]:
        """Those of the query alone, which leaves the body unread."""
        return _simplify(_query_fields(self.queryString()))

    def fieldStorage(self) -> FieldStorage:
        return self._storage

    def field(self, name: str, default: Any = NoDefault) -> Any:
        return pick(self._fields, name, default)

    def hasField(self, name: str) -> bool:
        return name in self._fields

    def fields(self) -> dict[str, Any]:
        return self._fields

    def setField(self, name: str, value: Any) -> None:
        self._fields[name] = value

    def delField(self, name: str) -> None:
        del self._fields[name]

    @cached_property
    def _cookies(self) -> dict[str, str]:
        cookies: dict[str, str] = {}
        for pair in self._environ.get("HTTP_COOKIE", "").split(";"):
            name, equals, value = pair.strip().partition("=")
            # The first of one name is the most specific one.
            if equals and name not in cookies:
                cookies[name] = _unquote(value)
        return cookies

    def cookie(self, name: str, default: Any = NoDefault) -> Any:
        return pick(self._cookies, name, default)

    def hasCookie(self, name: str) -> bool:
        return name in self._cookies

    def cookies(self) -> dict[str, str]:
        return self._cookies

    def value(self, name: str, default: Any = NoDefault) -> Any:
        return self._fields[name] if name in self._fields else self.cookie(name, default)

    def hasValue(self, name: str) -> bool:
        return name in self._fields or name in self._cookies

    def rawInput(self, rewind: bool = False) -> Any:
        """The body as it came, as long as nobody has asked for fields."""
        if "_storage" not in self.__dict__:
            return self._request.environ["wsgi.input"]
        file = self._storage.file
        if rewind and file:
            file.seek(0)
        return file

    # The client and the server

    def environ(self) -> dict[str, Any]:
        return self._environ

    serverDictionary = environ

    def method(self) -> str:
        return str(self._environ["REQUEST_METHOD"]).upper()

    def protocol(self) -> str:
        return str(self._environ["SERVER_PROTOCOL"])

    def isSecure(self) -> bool:
        return bool(self._request.environ["wsgi.url_scheme"] == "https")

    def scheme(self) -> str:
        return str(self._request.environ["wsgi.url_scheme"])

    def remoteAddress(self) -> str:
        return str(self._environ["REMOTE_ADDR"])

    def remoteName(self) -> str:
        return str(self._environ.get("REMOTE_HOST") or self._environ["REMOTE_ADDR"])

    def remoteUser(self) -> str | None:
        user: str | None = self._environ.get("REMOTE_USER")
        return user

    def localAddress(self) -> str:
        return str(self._environ.get("SERVER_ADDR", self._environ["SERVER_NAME"]))

    def localName(self) -> str:
        return str(self._environ["SERVER_NAME"])

    def localPort(self) -> str:
        return str(self._environ["SERVER_PORT"])

    def accept(self, which: str | None = None) -> list[str]:
        name = f"HTTP_ACCEPT_{which.upper()}" if which else "HTTP_ACCEPT"
        return [one.partition(";")[0].strip() for one in self._environ.get(name, "").split(",")]

    def time(self) -> float:
        """When it began, in seconds since 1970."""
        return self._time

    def timeStamp(self) -> str:
        return time.asctime(time.localtime(self._time))

    # Paths

    def uri(self) -> str:
        return str(self._environ["REQUEST_URI"])

    def queryString(self) -> str:
        return str(self._environ["QUERY_STRING"])

    def scriptName(self) -> str:
        """The prefix of the URLs of all pages."""
        return self._mount

    servletPath = scriptName

    def scriptFileName(self) -> str:
        return self._request.path

    def urlPath(self) -> str:
        """The path of the present page below the prefix."""
        return self._pages[-1][0]

    pathInfo = urlPath

    def urlPathDir(self) -> str:
        return posixpath.dirname(self.urlPath())

    def extraURLPath(self) -> str:
        """What follows the name of the page."""
        return str(self._extra)

    def servletURI(self) -> str:
        """The path without what follows the name of the page."""
        path, extra = self.urlPath(), self._extra
        return (path[: -len(extra)] if extra and path.endswith(extra) else path).rstrip("/")

    def originalURLPath(self) -> str:
        return self._pages[0][0]

    def previousURLPath(self) -> str | None:
        return self._pages[-2][0] if len(self._pages) > 1 else None

    def originalURI(self) -> str:
        return self._mount + self.originalURLPath()

    def hostAndPort(self) -> str:
        return str(self._environ.get("HTTP_HOST") or self._environ["SERVER_NAME"])

    def serverPath(self) -> str:
        return self.originalURI()

    def serverPathDir(self) -> str:
        return self.serverPath().rpartition("/")[0] + "/"

    def serverURL(self, canonical: bool = False) -> str:
        return f"{self.scheme()}://{self.hostAndPort()}{self.serverPath()}"

    def serverURLDir(self) -> str:
        return self.serverURL().rpartition("/")[0] + "/"

    def siteRoot(self) -> str:
        return "../" * self.originalURLPath().lstrip("/").count("/")

    def uriWebwareRoot(self) -> str:
        return "../" * self.urlPath().lstrip("/").count("/")

    siteRootFromCurrentServlet = uriWebwareRoot

    def servletPathFromSiteRoot(self) -> str:
        return posixpath.normpath(self.urlPath()).lstrip("/")

    def serverSidePath(self, path: str | None = None) -> str:
        """The file of the present page, or one beside it."""
        file: str = self._pages[-1][1]
        if not path:
            return file
        return os.path.normpath(os.path.join(os.path.dirname(file), path.lstrip("/")))

    def serverSideContextPath(self, path: str | None = None) -> str:
        """The folder of the route, or a file in it."""
        root = os.fsdecode(self._environ["DOCUMENT_ROOT"].encode("latin-1"))
        return os.path.normpath(os.path.join(root, path.lstrip("/"))) if path else root

    contextPath = serverSideContextPath

    def contextName(self) -> str:
        return "default"

    def transaction(self) -> Any:
        return self._transaction

    def session(self) -> Any:
        return self._transaction.session()


def split_mount(script_name: str, file: str) -> tuple[str, str]:
    """The prefix of the URLs of a folder, and the path of a file in it.

    `file` is its path in the folder; its URL may lack the extension, or be that of its folder.
    """
    for path in (file, posixpath.splitext(file)[0], posixpath.dirname(file).rstrip("/") + "/"):
        if script_name.endswith(path):
            return script_name[: -len(path)], path
    return script_name, ""


def _query_fields(query: str) -> dict[str, list[Any]]:
    from taipan.forms import FieldStorage

    fields: dict[str, list[Any]] = {}
    environ = {"REQUEST_METHOD": "GET", "QUERY_STRING": query}
    for one in FieldStorage(environ=environ, keep_blank_values=True).list or ():
        fields.setdefault(one.name, []).append(one.value)
    return fields


def _simplify(fields: dict[str, list[Any]]) -> dict[str, Any]:
    return {name: values[0] if len(values) == 1 else values for name, values in fields.items()}


def _unquote(value: str) -> str:
    if not value.startswith('"'):
        return value
    try:
        cookie: SimpleCookie = SimpleCookie()
        cookie.load(f"value={value}")
        return cookie["value"].value if "value" in cookie else value
    except CookieError:
        return value
