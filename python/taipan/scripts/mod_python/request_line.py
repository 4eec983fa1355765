"""What a request asks for."""

from __future__ import annotations

import os
import re
import time
from functools import cached_property
from typing import Any

from taipan.events import Environ
from taipan.scripts.mod_python import constants
from taipan.scripts.mod_python.finfo import FileInfo
from taipan.scripts.mod_python.tables import Table
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import request_fields, strip_port

_USUAL_PORTS = {"http": 80, "https": 443}
_PORT_DIGITS = 5
_SLASHES = re.compile("/{2,}")
_METHODS = (
    "GET PUT POST DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK UNLOCK"
    " VERSION-CONTROL CHECKOUT UNCHECKOUT CHECKIN UPDATE LABEL REPORT MKWORKSPACE MKACTIVITY"
    " BASELINE-CONTROL MERGE"
)
#: `M_GET` and the others by their names; a HEAD is a GET.
METHOD_NUMBERS = {name: number for number, name in enumerate(_METHODS.split())}
METHOD_NUMBERS["HEAD"] = constants.M_GET


class RequestLine:
    """The members of a request that tell what came from the client."""

    #: Of a request whose answer has no head, as with HTTP/0.9.
    assbackwards = 0
    proxyreq = constants.PROXYREQ_NONE
    #: 1 for a body of unknown length.
    read_chunked = 0
    read_body = constants.REQUEST_NO_BODY
    #: The value of a Range field is in `headers_in`.
    range = None
    vlist_validator = None

    def __init__(self, request: ScriptRequest) -> None:
        environ = request.environ
        self._request = request
        self._environ: Environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.protocol: str = environ["SERVER_PROTOCOL"]
        self.unparsed_uri: str = environ["REQUEST_URI"]
        self.path_info: str = environ["PATH_INFO"]
        self.uri: str = environ["SCRIPT_NAME"] + self.path_info
        if "//" in self.uri:
            self.path_info = _SLASHES.sub("/", self.path_info)
            self.uri = _SLASHES.sub("/", self.uri)
        self.args: str | None = environ["QUERY_STRING"] or None
        self.filename = self.canonical_filename = request.path

    @cached_property
    def headers_in(self) -> Table:
        """The header fields of the request; repeated fields are joined by commas."""
        return Table.of_pairs(request_fields(self._environ))

    @property
    def the_request(self) -> str:
        """The first line of the request."""
        return f"{self.method} {self.unparsed_uri} {self.protocol}"

    @property
    def method_number(self) -> int:
        """The method as `apache.M_GET`."""
        return METHOD_NUMBERS.get(self.method, constants.M_INVALID)

    @property
    def header_only(self) -> int:
        """1 for a HEAD."""
        return int(self.method == "HEAD")

    @property
    def proto_num(self) -> int:
        """1001 for HTTP/1.1."""
        major, _, minor = self.protocol.rpartition("/")[2].partition(".")
        return int(major or 0) * 1000 + int(minor or 0)

    @property
    def hostname(self) -> str | None:
        """The host that the client asks for, without a port."""
        host: str | None = self._environ.get("HTTP_HOST")
        return host and strip_port(host).lower()

    @property
    def parsed_uri(self) -> tuple[Any, ...]:
        """Nine parts by `apache.URI_SCHEME` and the others; clients send path and query."""
        return (*[None] * 5, self._port, self.uri, self.args, None)

    @cached_property
    def request_time(self) -> float:
        """When the request was first asked for its time, in seconds of the epoch."""
        return time.time()

    @property
    def expecting_100(self) -> int:
        """1 if the client waits before it sends a body."""
        return int(self._environ.get("HTTP_EXPECT", "").lower() == "100-continue")

    @property
    def useragent_ip(self) -> str:
        """The address of the client."""
        return str(self._environ.get("REMOTE_ADDR", ""))

    @property
    def useragent_addr(self) -> tuple[str, int]:
        """Address and port of the client."""
        return self.useragent_ip, int(self._environ.get("REMOTE_PORT") or 0)

    @cached_property
    def finfo(self) -> FileInfo:
        """What is known of the file that the request leads to, which need not be there."""
        return FileInfo(self.filename)

    def document_root(self) -> str:
        """The folder of the route."""
        return os.fsdecode(self._environ["DOCUMENT_ROOT"].encode("latin-1"))

    def is_https(self) -> int:
        """1 for a connection with TLS, else 0."""
        return int(self._environ["wsgi.url_scheme"] == "https")

    def ssl_var_lookup(self, name: str) -> str | None:
        """`on` for HTTPS with TLS; other variables of mod_ssl as far as they are known."""
        if name == "HTTPS":
            return "on" if self.is_https() else None
        value = self._environ.get(name) if name.startswith("SSL_") else None
        return value if isinstance(value, str) else None

    def construct_url(self, path: str) -> str:
        """A URL of this server for a path."""
        scheme = self._environ["wsgi.url_scheme"]
        host = self.hostname or self._environ["SERVER_NAME"]
        port = self._port
        shown = "" if port in (0, _USUAL_PORTS.get(scheme)) else f":{port}"
        return f"{scheme}://{host}{shown}{path}"

    def get_remote_host(self, type: int = constants.REMOTE_NAME, str_is_ip: Any = None) -> Any:
        """The address of the client, for which no name is looked up; None for `REMOTE_HOST`.

        With `str_is_ip` a tuple of it and 1, which says that it is an address.
        """
        if type in (constants.REMOTE_HOST, constants.REMOTE_DOUBLE_REV):
            return None
        return self.useragent_ip if str_is_ip is None else (self.useragent_ip, 1)

    @property
    def _port(self) -> int:
        """The port that the client asks for."""
        host = self._environ.get("HTTP_HOST", "")
        port = host[len(strip_port(host)) + 1 :]
        if port.isdecimal() and len(port) <= _PORT_DIGITS:
            return int(port)
        if host:
            return _USUAL_PORTS.get(self._environ["wsgi.url_scheme"], 80)
        return int(self._environ["SERVER_PORT"] or 0)
