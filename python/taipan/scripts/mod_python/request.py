"""What PSP pages see of their request, by the names of mod_python."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, MutableMapping
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable, Protocol

from taipan.psp.page import Page
from taipan.scripts.mod_python.apache import SERVER_RETURN
from taipan.scripts.mod_python.form import PageForm
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import request_fields, strip_port
from taipan.scripts.request.head import ScriptHead, status_line
from taipan.scripts.request.session import session_of

if TYPE_CHECKING:
    from taipan.sessions.session import Session

_BLOCK = 64 * 1024


class Table(MutableMapping[str, str]):
    """Header fields: names are case-blind, and `add` repeats one."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        self.pairs: list[tuple[str, str]] = pairs or []

    def __getitem__(self, name: str) -> str:
        for known, value in self.pairs:
            if known.lower() == name.lower():
                return value
        raise KeyError(name)

    def __setitem__(self, name: str, value: str) -> None:
        self._remove(name)
        self.add(name, value)

    def __delitem__(self, name: str) -> None:
        if not self._remove(name):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for name, _ in self.pairs))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def add(self, name: str, value: str) -> None:
        """Adds a field, and keeps those of the same name."""
        self.pairs.append((name, str(value)))

    def _remove(self, name: str) -> bool:
        kept = [pair for pair in self.pairs if pair[0].lower() != name.lower()]
        found = len(kept) < len(self.pairs)
        self.pairs = kept
        return found


class RunPages(Protocol):
    """Runs pages within a request."""

    def load(self, path: str) -> Page:
        """The compiled page of a file."""

    def compile(self, content: bytes) -> Page:
        """A page that is in no file."""

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page, with these globals."""


class PageRequest:
    """`req`: the request, and the head of the response until its first bytes have left."""

    #: Once one of its pages has named it.
    form: PageForm
    #: Likewise.
    session: Session

    def __init__(self, request: ScriptRequest, pages: RunPages) -> None:
        environ = request.environ
        self._request = request
        self._pages = pages
        self.content_type = "text/html; charset=utf-8"
        self.status = 200
        #: Left out where the page ends with an error; `err_headers_out` are not.
        self.headers_out = Table()
        self.err_headers_out = Table()
        self.method: str = environ["REQUEST_METHOD"]
        self.protocol: str = environ["SERVER_PROTOCOL"]
        self.unparsed_uri: str = environ["REQUEST_URI"]
        self.uri: str = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        self.path_info: str = environ["PATH_INFO"]
        self.args: str | None = environ["QUERY_STRING"] or None
        self.filename = request.path
        host: str | None = environ.get("HTTP_HOST")
        self.hostname = host and strip_port(host)
        self.user: str | None = environ.get("REMOTE_USER")
        self.subprocess_env = os.environ
        self.the_request = f"{self.method} {self.unparsed_uri} {self.protocol}"
        self.useragent_ip: str = environ.get("REMOTE_ADDR", "")
        self.read: Callable[..., bytes] = environ["wsgi.input"].read
        self.readline: Callable[..., bytes] = environ["wsgi.input"].readline
        self.readlines: Callable[..., list[bytes]] = environ["wsgi.input"].readlines

    @cached_property
    def headers_in(self) -> Table:
        """The header fields of the request."""
        return Table(request_fields(self._request.environ))

    @cached_property
    def parsed_uri(self) -> tuple[Any, ...]:
        """Nine parts, of which clients send path and query."""
        port = int(self._request.environ["SERVER_PORT"] or 0)
        return (*[None] * 5, port, self.uri, self.args, None)

    @cached_property
    def connection(self) -> SimpleNamespace:
        """The connection of the client."""
        address = self.useragent_ip
        return SimpleNamespace(
            remote_ip=address,
            client_ip=address,
            remote_host=address,
            remote_addr=(address, int(self._request.environ.get("REMOTE_PORT") or 0)),
        )

    @cached_property
    def server(self) -> SimpleNamespace:
        """The server's own address."""
        environ = self._request.environ
        return SimpleNamespace(
            server_hostname=environ["SERVER_NAME"], port=int(environ["SERVER_PORT"] or 0)
        )

    @property
    def sent(self) -> bool:
        """The head has left."""
        return self._request.output.begun

    @property
    def sent_bodyct(self) -> int:
        """Bytes of the body that have left."""
        return self._request.output.sent

    def write(self, data: str | bytes, flush: int = 1) -> None:
        """Adds to the page, which is buffered whatever `flush` says."""
        if isinstance(data, str):
            self._request.text.write(data)
        else:
            self._request.text.buffer.write(data)

    def flush(self) -> None:
        """Sends what was written so far."""
        self._request.text.flush()

    def set_content_length(self, length: int) -> None:
        """Announces the length of the body in bytes."""
        self.headers_out["Content-Length"] = str(length)

    def get_remote_host(self, *_: Any) -> str:
        """The address of the client."""
        return str(self._request.environ.get("REMOTE_ADDR", ""))

    def is_https(self) -> int:
        """1 for a connection with TLS, else 0."""
        return int(self._request.environ["wsgi.url_scheme"] == "https")

    def log_error(self, text: str, level: int = 0) -> None:
        """Writes to the log."""
        self._request.settings.reporter.report("error", str(text))

    def document_root(self) -> str:
        """The folder of the scripts."""
        return os.fsdecode(self._request.environ["DOCUMENT_ROOT"].encode("latin-1"))

    def get_options(self) -> dict[str, str]:
        """None: they were those of Apache."""
        return {}

    get_config = get_options

    def add_common_vars(self) -> None:
        """Does nothing: `subprocess_env` has them."""

    def sendfile(self, path: str, offset: int = 0, length: int = -1) -> None:
        """Adds the content of a file to the page."""
        with open(path, "rb") as stream:
            stream.seek(offset)
            while length:
                block = stream.read(min(length, _BLOCK) if length > 0 else _BLOCK)
                if not block:
                    return
                length -= len(block) if length > 0 else 0
                self.write(block)

    def read_form(self) -> PageForm:
        """The form, read once."""
        if not hasattr(self, "form"):
            self.form = PageForm(self._request)
        return self.form

    def open_session(self) -> Session:
        """The session of the client, who is given one."""
        self.session = session_of(self._request)
        self.session.issue()
        return self.session

    def redirect(self, location: str, permanent: int, text: str | None) -> None:
        """Makes the answer a redirect. Raises `OSError` when something has been sent."""
        if self.sent:
            raise OSError("Cannot redirect after headers have already been sent.")
        self._request.drop()
        self.status = 301 if permanent else 302
        self.err_headers_out["Location"] = location
        if text is not None:
            self.write(text)

    def load_page(self, filename: str | None, content: str | bytes | None) -> Page:
        """A page by its name, or its content. Raises `SERVER_RETURN` if it is not there."""
        if content:
            return self._pages.compile(content.encode() if isinstance(content, str) else content)
        folder = os.path.dirname(self.filename)
        path = os.path.normpath(os.path.join(folder, filename or self.filename))
        if not os.path.isfile(path):
            raise SERVER_RETURN(404)
        return self._pages.load(path)

    def run_page(self, page: Page, given: Mapping[str, Any]) -> None:
        """Writes a page in place."""
        self._pages.run_page(page, given)

    def make_head(self) -> ScriptHead:
        """The head as it is now."""
        fields = [("Content-Type", self.content_type)]
        fields += [*self.err_headers_out.pairs, *self.headers_out.pairs]
        return ScriptHead(status_line(self.status), fields, 0, usual=self.status == 200)
