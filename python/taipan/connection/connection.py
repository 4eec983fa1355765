"""The connection object: the request, and all ways to answer it."""

from __future__ import annotations

import os
from html import escape
from typing import TYPE_CHECKING, BinaryIO, Union
from urllib.parse import quote, urljoin

from taipan.connection.local_file import (
    LocalFile,
    guess_media_type,
    open_file,
    resolve_inside,
    with_charset,
)
from taipan.connection.notices import notice
from taipan.connection.output import ConnectionOutput, to_bytes
from taipan.connection.response import Reply
from taipan.connection.times import format_time
from taipan.fields import STANDS_IN_FIELD
from taipan.scripts.request.credentials import format_challenge

if TYPE_CHECKING:
    from taipan.pools.handle import DatabaseHandle

_HTML = "text/html; charset=utf-8"
_Data = Union[str, bytes, bytearray, memoryview]
_Path = Union[str, "os.PathLike[str]"]
#: Characters of URLs that stay; others are encoded.
_URL = "!#$%&'()*+,/:;=?@[]~-._"


class Connection(ConnectionOutput):
    """A request and its response.

    Each `return_...` makes the whole response: what was printed before or is printed afterwards is
    dropped. They raise `RuntimeError` when the request has been answered, or the head has left.
    """

    def return_ok(self) -> None:
        """Answers 200 without a body."""
        self._answer(Reply("return_ok", 200))

    def return_data(self, status: int, data: _Data, kind: str) -> None:
        """Answers with data of a media type; text is sent as UTF-8."""
        kind = with_charset(kind) if isinstance(data, str) else kind
        self._answer(Reply("return_data", status, to_bytes(data), kind))

    def return_html(self, status: int, html: _Data) -> None:
        """Answers with a page."""
        self._answer(Reply("return_html", status, to_bytes(html), _HTML))

    def return_notice(self, status: int, title: str | None, message: str) -> None:
        """Answers with a short page of a title and a text."""
        self._answer(notice("return_notice", status, escape(message), title))

    def return_admin_notice(self, status: int, title: str | None, message: str) -> None:
        """The same as `return_notice`."""
        self._answer(notice("return_admin_notice", status, escape(message), title))

    def return_status(self, status: int) -> None:
        """Answers with a head alone."""
        self._answer(Reply("return_status", status))

    def return_no_response(self) -> None:
        """Answers 204."""
        self._answer(Reply("return_no_response", 204))

    def return_redirect(self, url: str | None = None) -> None:
        """Sends the client to another URL (302); a path is one of this server. 204 without any."""
        if not url:
            self._answer(Reply("return_redirect", 204))
            return
        target = require_url(url)
        if target.startswith("/") and not target.startswith("//"):
            target = self.location + target
        link = f'<a href="{escape(target)}">The page is at another address.</a>'
        page = notice("return_redirect", 302, link, "Redirection")
        self._answer(page._replace(fields=(("Location", target),)))

    def return_not_modified(self) -> None:
        """Answers 304."""
        self._answer(Reply("return_not_modified", 304))

    def return_bad_request(self, reason: str = "") -> None:
        """Answers 400 with a reason."""
        self._stand_in(notice("return_bad_request", 400, escape(reason), "Invalid Request"))

    def return_unauthorized(self, realm: str | None = None) -> None:
        """Answers 401 and asks for a name and a password (Basic)."""
        challenge = format_challenge(self.server if realm is None else realm)
        page = notice("return_unauthorized", 401, "You have to log in to see this page.")
        field = ("WWW-Authenticate", f'{challenge}, charset="UTF-8"')
        self._stand_in(page._replace(fields=(field,)))

    def return_forbidden(self) -> None:
        """Answers 403."""
        self._stand_in(notice("return_forbidden", 403, "The page may not be seen."))

    def return_not_found(self) -> None:
        """Answers 404."""
        self._stand_in(notice("return_not_found", 404, "There is no page at this address."))

    def return_internal_error(self) -> None:
        """Answers 500."""
        self._stand_in(notice("return_internal_error", 500, "The request failed."))

    def return_not_implemented(self) -> None:
        """Answers 501."""
        self._stand_in(notice("return_not_implemented", 501, "The request is not supported."))

    def return_file(self, status: int, kind: str | None, path: _Path) -> None:
        """Answers with a file: its type by its name without `kind`, 404 if there is none.

        A relative path starts at the folder of the script, and must not leave the folder of the
        route; it is 404, too. With status 200, clients that have the file get 304.
        """
        name = os.fspath(path)
        try:
            found = self._open(name)
        except FileNotFoundError:
            self.return_not_found()
            return
        except PermissionError:
            self.return_forbidden()
            return
        modified = ("Last-Modified", format_time(found.modified))
        if status == 200 and self._reads_only() and not self.modified_since(found.modified):
            found.file.close()
            self._answer(Reply("return_file", 304, fields=(modified,)))
            return
        body = self._environ["wsgi.file_wrapper"](found.file, 65536)
        fields = modified, ("Content-Length", str(found.size))
        self._answer(Reply("return_file", status, body, kind or guess_media_type(name), fields))

    def return_open_file(self, status: int, kind: str, file: BinaryIO, length: int) -> None:
        """Answers with `length` bytes of an open binary file, which are read now."""
        self._begin(status, kind, length)
        self.send_fp(file, length)

    def return_open_fd(self, status: int, kind: str, descriptor: int, length: int) -> None:
        """Answers with `length` bytes of an open descriptor, which are read now."""
        self._begin(status, kind, length)
        self.send_fd(descriptor, length)

    def redirect(self, url: str) -> None:
        """Answers with another path of this server, as if the client had asked for that by GET.

        At most ten times in a row; more are a 500.
        """
        target = urljoin(self.request.url, require_url(url))
        if not target.startswith("/") or target.startswith("//"):
            raise ValueError(
                f"redirect() leads to a path of this server, not to {url!r}; return_redirect()"
                " sends the client elsewhere"
            )
        self._response.redirect("redirect", target)

    def run_request(self) -> None:
        """Answers with the path and the query that `request` has now."""
        query = f"?{self.request.query}" if self.request.query else ""
        self.redirect(quote(self.request.url, "/", errors="surrogateescape") + query)

    def db_handle(self, pool: str | None = None, wait: float = 10.0) -> DatabaseHandle:
        """A handle of a pool of the route, the first one by default.

        Raises `PoolError` when there is no such pool, it cannot connect, or none of its handles
        comes back within `wait` seconds.
        """
        from taipan.pools.handle import DatabaseHandle

        return DatabaseHandle(self._script, pool, wait)

    def reset(self) -> None:
        """Takes back what was set and answered, if nothing has been sent."""
        self._script.drop()
        self._response.reset()

    def _begin(self, status: int, kind: str, length: int) -> None:
        self._response.require_open("answer with a file")
        self._script.drop()
        self.set_type_header(kind)
        self.set_length_header(length)
        self.flush_headers(status)

    def _reads_only(self) -> bool:
        return self._environ["REQUEST_METHOD"] in ("GET", "HEAD")

    def _open(self, name: str) -> LocalFile:
        if not os.path.isabs(name):
            folder = os.path.dirname(self._script.path)
            root = self._environ.get("DOCUMENT_ROOT")
            name = resolve_inside(
                name, folder, folder if root is None else os.fsdecode(root.encode("latin-1"))
            )
        return open_file(name)

    def _stand_in(self, reply: Reply) -> None:
        """Answers, unless the route has an error page for the status."""
        self._answer(reply._replace(fields=(*reply.fields, STANDS_IN_FIELD)))

    def _answer(self, reply: Reply) -> None:
        self._response.answer(reply)


def require_url(url: str) -> str:
    """The URL with what is not ASCII encoded. Raises `ValueError` for control characters."""
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in url):
        raise ValueError(f"the URL {url!r} has control characters")
    return quote(url, _URL, errors="surrogateescape")
