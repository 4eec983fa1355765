"""`Server`: tools of pages."""

from __future__ import annotations

import os
from html import escape
from typing import Any, NoReturn, Protocol
from urllib.parse import quote, quote_plus

from taipan.asp.includes import Site
from taipan.events import Environ
from taipan.scripts.asp.case_blind import CaseBlind

#: Beginnings of names of COM, and what there is in their place.
_INSTEAD = {
    "adodb.stream": "open()",
    "adodb": "sqlite3 or another module of DB-API, or the pools of the route",
    "adox": "sqlite3 or another module of DB-API",
    "cdo": "smtplib and email.message",
    "dundas.mailer": "smtplib and email.message",
    "dundas.upload": "taipan.forms.FieldStorage",
    "microsoft.xmlhttp": "urllib.request",
    "msxml2.serverxmlhttp": "urllib.request",
    "msxml2.xmlhttp": "urllib.request",
    "msxml2": "xml.etree.ElementTree",
    "microsoft.xmldom": "xml.etree.ElementTree",
    "mswc.": "a module beside the page",
    "persits.mailsender": "smtplib and email.message",
    "persits.upload": "taipan.forms.FieldStorage",
    "scripting.dictionary": "dict",
    "scripting.filesystemobject": "os, shutil and open()",
    "vbscript.regexp": "re",
    "winhttp": "urllib.request",
    "wscript.shell": "subprocess",
}


class RunPages(Protocol):
    """Runs pages within a request."""

    def execute(self, path: str) -> None:
        """Adds the output of another page."""

    def transfer(self, path: str) -> NoReturn:
        """Goes on with another page."""


class AspError(CaseBlind):
    """What `GetLastError` gives."""

    def __init__(self, status: str = "", text: str = "", file: str = "") -> None:
        self._status = status
        self._text = text
        self._file = file

    @property
    def ASPCode(self) -> str:
        """The status of the error; empty if there is none."""
        return self._status

    @property
    def Number(self) -> int:
        """Likewise, as a number."""
        return int(self._status or 0)

    @property
    def Description(self) -> str:
        """A short text."""
        return self._text

    ASPDescription = Description

    @property
    def Category(self) -> str:
        """Whose error it is."""
        return "Python" if self._status else ""

    @property
    def File(self) -> str:
        """The URL that was asked for."""
        return self._file

    @property
    def Source(self) -> str:
        """Empty: the code is in the log."""
        return ""

    @property
    def Line(self) -> int:
        """0: the line is in the log."""
        return 0

    @property
    def Column(self) -> int:
        """Likewise -1."""
        return -1


class Server(CaseBlind):
    """The object `Server`."""

    def __init__(self, site: Site, codec: str = "utf-8", environ: Environ | None = None) -> None:
        self._site = site
        self._codec = codec
        self._environ = environ or {}
        #: The file of the page that runs.
        self._path = os.path.join(site.root, "global.asa")
        self._pages: RunPages | None = None
        self._timeout = 90

    def HTMLEncode(self, value: Any) -> str:
        """A text as HTML."""
        return "" if value is None else escape(str(value)).replace("&#x27;", "&#39;")

    def URLEncode(self, value: Any) -> str:
        """A text for the query of a URL."""
        text = "" if value is None else str(value)
        return quote_plus(text, encoding=self._codec, errors="replace")

    def URLPathEncode(self, value: Any) -> str:
        """A text for the path of a URL."""
        text = "" if value is None else str(value)
        return quote(text, safe="/:?=&", encoding=self._codec, errors="replace")

    def MapPath(self, path: str) -> str:
        """The file of a URL of the site. Raises `ValueError` if it is outside of its folder."""
        try:
            return self._site.resolve(str(path), os.path.dirname(self._path))
        except ValueError as error:
            raise ValueError(f"Server.MapPath: {error}") from None

    @property
    def ScriptTimeout(self) -> int:
        """Seconds; what counts is `timeouts.request` of the server."""
        return self._timeout

    @ScriptTimeout.setter
    def ScriptTimeout(self, seconds: int) -> None:
        self._timeout = int(seconds)

    def Execute(self, path: str) -> None:
        """Runs another page of the site, and goes on behind it."""
        self._require_pages("Execute").execute(str(path))

    def Transfer(self, path: str) -> NoReturn:
        """Goes on with another page of the site, and does not come back."""
        self._require_pages("Transfer").transfer(str(path))

    def GetLastError(self) -> AspError:
        """In an error page the error, without what is in the log only; else an empty one."""
        environ = self._environ
        if "REDIRECT_STATUS" not in environ:
            return AspError()
        return AspError(
            str(environ["REDIRECT_STATUS"]),
            str(environ.get("REDIRECT_ERROR_NOTES", "")),
            str(environ.get("REDIRECT_URL", "")),
        )

    def CreateObject(self, name: str) -> NoReturn:
        """Raises `NotImplementedError`."""
        found = (use for start, use in _INSTEAD.items() if str(name).lower().startswith(start))
        instead = next(found, "a module of Python")
        raise NotImplementedError(
            f"Server.CreateObject({str(name)!r}): there is no COM here; use {instead}"
        )

    def _require_pages(self, what: str) -> RunPages:
        if self._pages is None:
            raise RuntimeError(f"Server.{what} needs a request")
        return self._pages
