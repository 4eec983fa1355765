"""What a connection tells about its request."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from taipan.connection.request import Request
from taipan.connection.times import parse_time, seconds_of
from taipan.field_set import FieldSet
from taipan.scripts.request.credentials import parse_basic
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import request_fields, strip_port
from taipan.scripts.request.form import FORM_TYPES, body_type, make_form

if TYPE_CHECKING:
    from taipan.forms import FieldStorage

_USUAL_PORTS = {"http": 80, "https": 443}


class ConnectionFacts:
    """The request, the client and the server."""

    set_type: ClassVar[type[FieldSet]] = FieldSet
    request_type: ClassVar[type[Request]] = Request

    def __init__(self, script: ScriptRequest) -> None:
        self._script = script
        self._environ = script.environ

    @cached_property
    def request(self) -> Request:
        """Method, path and query."""
        environ = self._environ
        version = float(environ["SERVER_PROTOCOL"].partition("/")[2])
        request = self.request_type(environ["REQUEST_METHOD"], environ["REQUEST_URI"], version)
        path = environ["SCRIPT_NAME"] + environ["PATH_INFO"]
        # After a redirect within the server it is not that of the line.
        request.url = path.encode("latin-1").decode("utf-8", "surrogateescape") or "/"
        request.query = environ["QUERY_STRING"]
        return request

    @cached_property
    def headers(self) -> FieldSet:
        """Header fields of the request; repeated ones are joined."""
        return self.set_type(pairs=request_fields(self._environ), name="headers")

    @property
    def content_length(self) -> int:
        """Length of the body in bytes; 0 if it has none, or tells none."""
        text = self._environ.get("CONTENT_LENGTH", "")
        return int(text) if text.isascii() and text.isdigit() else 0

    @property
    def peer(self) -> str:
        """Address of the client."""
        return str(self._environ.get("REMOTE_ADDR", ""))

    @property
    def peer_port(self) -> int:
        """Port of the client; 0 if it is not known."""
        return int(self._environ.get("REMOTE_PORT") or 0)

    @property
    def server(self) -> str:
        """Name of the virtual server: the host of the request without its port."""
        return self.host

    @property
    def location(self) -> str:
        """`scheme://host:port` as the client has it, without a usual port."""
        authority = self._environ.get("HTTP_HOST", "")
        if not authority:
            port = int(self._environ["SERVER_PORT"])
            usual = port == _USUAL_PORTS.get(self.scheme)
            authority = self._environ["SERVER_NAME"] + ("" if usual else f":{port}")
        return f"{self.scheme}://{authority}"

    @property
    def host(self) -> str:
        """Host of the location, without its port."""
        return strip_port(self.location.partition("://")[2])

    @property
    def port(self) -> int:
        """Port of the location."""
        authority = self.location.partition("://")[2]
        port = authority[len(self.host) + 1 :]
        return int(port) if port.isdigit() else _USUAL_PORTS.get(self.scheme, 80)

    @property
    def scheme(self) -> str:
        """`http` or `https`."""
        return str(self._environ["wsgi.url_scheme"])

    @property
    def auth_user(self) -> str | None:
        """Who the server has let in; without that, the name that the client gives, unchecked."""
        user = self._environ.get("REMOTE_USER")
        if user is not None:
            return str(user).encode("latin-1").decode("utf-8", "surrogateescape")
        return self._credentials[0]

    @property
    def auth_passwd(self) -> str | None:
        """The password that the client gives."""
        return self._credentials[1]

    @cached_property
    def _credentials(self) -> tuple[str | None, str | None]:
        return parse_basic(self._environ.get("HTTP_AUTHORIZATION", ""))

    def modified_since(self, time: float | datetime) -> bool:
        """Whether the client has no copy from `time` (seconds of the epoch) or later."""
        known = parse_time(self._environ.get("HTTP_IF_MODIFIED_SINCE", ""))
        return known is None or seconds_of(time) > known

    @property
    def form(self) -> FieldStorage:
        """The form as `taipan.forms` has it, with empty fields. Raises `FormError`."""
        return make_form(self._script, keep_blank=True)

    @cached_property
    def query(self) -> FieldSet | None:
        """The fields of the query string, or without one those of a form in the body.

        None without either. The value of an upload is the name of its file; `form` has its content.
        Raises `FormError` for what is malformed or too large.
        """
        if self._environ["QUERY_STRING"]:
            pairs = parse_query(self._environ["QUERY_STRING"].encode("latin-1"))
            return self.set_type(pairs=pairs, name="query")
        if body_type(self._environ) not in FORM_TYPES:
            return None
        fields = self.set_type(name="form")
        for field in self.form.list or ():
            text = field.value if field.filename is None else field.filename
            fields.put(field.name or "", text if isinstance(text, str) else "")
        return fields

    def get_query(self) -> FieldSet | None:
        """The same as `query`."""
        return self.query


def parse_query(query: bytes) -> list[tuple[str, str]]:
    """The fields of a query string. Raises `FormError` for too many."""
    from taipan.forms import UrlencodedParser

    parser = UrlencodedParser()
    parser.keep_blank_values = True
    return [*parser.feed(query), *parser.close()]
