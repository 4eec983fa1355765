"""What PSP pages see of their request, by the names of mod_python."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any, Callable

from taipan.events import Reporter
from taipan.scripts.current import ScriptRequest
from taipan.scripts.head import ScriptHead, status_line
from taipan.scripts.request_fields import request_fields

if TYPE_CHECKING:
    from taipan.forms import FieldStorage


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


class PageRequest:
    """`req`: the request, and the head of the response until its first bytes have left."""

    def __init__(self, request: ScriptRequest, reporter: Reporter) -> None:
        environ = request.environ
        self._request = request
        self._reporter = reporter
        self.content_type = "text/html; charset=utf-8"
        self.status = 200
        self.headers_in = Table(request_fields(environ))
        self.headers_out = Table()
        self.err_headers_out = self.headers_out
        self.method: str = environ["REQUEST_METHOD"]
        self.protocol: str = environ["SERVER_PROTOCOL"]
        self.unparsed_uri: str = environ["REQUEST_URI"]
        self.uri: str = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        self.path_info: str = environ["PATH_INFO"]
        self.args: str | None = environ["QUERY_STRING"] or None
        self.filename = request.path
        self.hostname = environ.get("HTTP_HOST", "").rpartition(":")[0] or environ.get("HTTP_HOST")
        self.user: str | None = environ.get("REMOTE_USER")
        self.subprocess_env = os.environ
        self.read: Callable[..., bytes] = environ["wsgi.input"].read
        self.readline: Callable[..., bytes] = environ["wsgi.input"].readline
        self.readlines: Callable[..., list[bytes]] = environ["wsgi.input"].readlines

    @property
    def sent(self) -> bool:
        """The head has left."""
        return self._request.output.begun

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
        self._reporter.report("error", str(text))

    def make_head(self) -> ScriptHead:
        """The head as it is now."""
        fields = [("Content-Type", self.content_type), *self.headers_out.pairs]
        return ScriptHead(status_line(self.status), fields, 0, usual=self.status == 200)


class PageTools:
    """`psp`: what a page can ask for."""

    def __init__(self, request: ScriptRequest, req: PageRequest) -> None:
        self._request = request
        self._req = req
        #: The page that is run instead if this one fails; empty: none.
        self.error_page = ""

    def set_error_page(self, name: str) -> None:
        """`name` is relative to the folder of the page, or below the folder of scripts with a
        slash at its beginning."""
        if name.startswith("/"):
            self.error_page = self._request.environ["DOCUMENT_ROOT"] + name
        else:
            self.error_page = os.path.join(os.path.dirname(self._request.path), name)

    def redirect(self, location: str, permanent: int = 0) -> None:
        """Ends the page with a redirect. Raises `RuntimeError` when something has been sent."""
        if self._req.sent:
            raise RuntimeError("psp.redirect() was called after a part of the page had been sent")
        self._request.drop()
        self._req.status = 301 if permanent else 302
        self._req.headers_out["Location"] = location
        raise SystemExit

    def apply_data(self, function: Callable[..., Any], **given: Any) -> Any:
        """Calls a function with the fields of the form that it has parameters for."""
        form = make_form(self._request)
        parameters = inspect.signature(function).parameters
        fields = {name: form.getvalue(name) for name in form if name in parameters}
        if "req" in parameters:
            fields["req"] = self._req
        return function(**{**fields, **given})


def make_form(request: ScriptRequest, *, keep_blank: bool = False) -> FieldStorage:
    """The form of a request, read once; `keep_blank`: with fields without a value."""
    from taipan.forms import FieldStorage

    if request.form is None:
        body, variables = request.environ["wsgi.input"], request.text_variables()
        request.form = FieldStorage(fp=body, environ=variables, keep_blank_values=keep_blank)
    form: FieldStorage = request.form
    return form
