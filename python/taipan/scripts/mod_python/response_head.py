"""The head of a response, until its first bytes have left."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from taipan.connection.times import format_time
from taipan.fields import kind_of, validate_value
from taipan.scripts.mod_python import constants
from taipan.scripts.mod_python.credentials import RequestCredentials
from taipan.scripts.mod_python.request_line import METHOD_NUMBERS
from taipan.scripts.mod_python.tables import HeaderTable
from taipan.scripts.request.head import ScriptHead, status_line
from taipan.scripts.request.passing import FileFields

#: Their answers have the head that was made, and no body.
BODILESS = (constants.HTTP_NO_CONTENT, constants.HTTP_NOT_MODIFIED)
#: Their answers name the methods that are allowed.
_NAMES_METHODS = (constants.HTTP_METHOD_NOT_ALLOWED, constants.HTTP_NOT_IMPLEMENTED)

_MOST_TYPES = 256
#: Media types that are field values, because handlers repeat them.
_known_types: set[str] = set()


class ResponseHead(RequestCredentials):
    """The members of a request that make the head of its response."""

    #: Instead of the usual phrase, if it begins with `status`.
    status_line: str | None = None
    content_encoding: str | None = None
    content_languages: tuple[str, ...] = ()
    #: Clients shall not keep the response.
    no_cache = 0
    #: `meets_conditions` says no.
    no_local_copy = 0
    #: What `set_content_length` said.
    clength = 0
    #: The server divides responses without a length itself.
    chunked = 0
    #: When what is sent was changed, in seconds of the epoch; 0: nobody has said.
    mtime = 0.0
    #: Bits by `apache.M_GET` and the others.
    allowed = 0
    #: Names of other methods.
    allowed_methods: tuple[str, ...] = ()
    allowed_xmethods: tuple[str, ...] = ()
    _content_type: str | None = None
    _status = 200
    #: None before they are asked for.
    _headers_out: HeaderTable | None = None
    _err_headers_out: HeaderTable | None = None

    @property
    def headers_out(self) -> HeaderTable:
        """Header fields, left out where the request ends with an error."""
        if self._headers_out is None:
            self._headers_out = HeaderTable()
        return self._headers_out

    @headers_out.setter
    def headers_out(self, table: HeaderTable) -> None:
        self._headers_out = table

    @property
    def err_headers_out(self) -> HeaderTable:
        """Header fields of any answer."""
        if self._err_headers_out is None:
            self._err_headers_out = HeaderTable()
        return self._err_headers_out

    @err_headers_out.setter
    def err_headers_out(self, table: HeaderTable) -> None:
        self._err_headers_out = table

    @property
    def status(self) -> int:
        """The status of the response."""
        return self._status

    @status.setter
    def status(self, status: int) -> None:
        if not isinstance(status, int):
            raise TypeError(f"req.status must be an int, not {kind_of(status)}: {status!r}")
        self._status = int(status)

    @property
    def content_type(self) -> str | None:
        """The media type; None leaves it to `headers_out`."""
        return self._content_type

    @content_type.setter
    def content_type(self, kind: str | None) -> None:
        if kind is not None and (type(kind) is not str or kind not in _known_types):
            _learn_type(kind)
        self._content_type = kind

    @property
    def _content_type_set(self) -> int:
        """1 if a handler has set the media type, else 0."""
        return int(self._content_type is not None)

    @property
    def sent(self) -> bool:
        """The head has left."""
        return self._request.output.begun

    def set_content_length(self, length: int) -> None:
        """Announces the length of the body in bytes."""
        self.clength = int(length)
        self.headers_out["Content-Length"] = str(self.clength)

    def allow_methods(self, methods: Any, reset: int = 0) -> None:
        """Adds methods to those that an answer 405 or 501 names; `reset`: forgets others."""
        if reset:
            self.allowed, self.allowed_methods = 0, ()
        methods = tuple(methods)
        self.allowed |= method_bits(methods)
        others = (method for method in methods if not method_bits((method,)))
        self.allowed_methods = tuple(dict.fromkeys((*self.allowed_methods, *others)))

    def set_etag(self) -> None:
        """Sets the field ETag by the size and the time of the file of the request."""
        from taipan.scripts.mod_python.conditions import make_etag

        self.headers_out["ETag"] = make_etag(self.finfo, self.mtime)

    def update_mtime(self, dependency_mtime: float) -> None:
        """Makes `mtime` that of something that the response depends on, if that is newer."""
        self.mtime = max(self.mtime, float(dependency_mtime))

    def set_last_modified(self) -> None:
        """Sets the field Last-Modified by `mtime`, which is never in the future."""
        self.headers_out["Last-Modified"] = format_time(min(self.mtime, self.request_time))

    def meets_conditions(self) -> int:
        """`OK`, or the status that answers a request with conditions: 304 or 412.

        They are compared with the ETag in `headers_out` and with `mtime`.
        """
        from taipan.scripts.mod_python.conditions import Copy, check_conditions

        if self.no_local_copy or not 200 <= self.status < 300:
            return constants.OK
        etag = self.headers_out.get("ETag") or self.err_headers_out.get("ETag")
        copy = Copy(etag, self.mtime or self.request_time, self.request_time)
        return check_conditions(self.method, self.headers_in, copy)

    def send_http_header(self) -> None:
        """Does nothing: the head leaves before the first bytes."""

    def become_error(self, status: int) -> None:
        """Makes the head that of an error: with `err_headers_out` and the field Location.

        A 204 or 304 keeps all fields.
        """
        self._status = status
        self.status_line = None
        if status in BODILESS:
            return
        location = self.headers_out.get("Location")
        self.headers_out = HeaderTable()
        self.content_encoding, self.content_languages = None, ()
        self.content_type = "text/plain; charset=utf-8"
        if location is not None and (status == 201 or 300 <= status < 400):
            self.headers_out["Location"] = location
        if status in _NAMES_METHODS and (names := self._list_allowed()):
            self.headers_out["Allow"] = ", ".join(names)

    def make_head(self) -> ScriptHead:
        """The head as it is now."""
        kind, own = self._content_type, self._headers_out
        if own is None and self._is_plain():
            self.status_line = "200 OK"
            return _plain_head(kind)
        fields = self._list_tables()
        if kind is not None:
            if own and "Content-Type" in own:
                fields = [field for field in fields if field[0].lower() != "content-type"]
            fields.insert(0, ("Content-Type", kind))
        if self.content_encoding or self.content_languages or self.no_cache:
            fields += self._list_special()
        self.status_line = line = self._line()
        if not self._request.output.holding:
            self._watch_changes()
        # A location alone is no redirect here, as it is for programs of CGI.
        usual = line == "200 OK" and not (own and "Location" in own)
        return ScriptHead(line, fields, 0, usual=usual)

    def _is_plain(self) -> bool:
        """Nothing but the media type is set, and nothing can be set later."""
        return not (
            self._status != 200
            or self._err_headers_out is not None
            or self.status_line
            or self.content_encoding
            or self.content_languages
            or self.no_cache
            or not self._request.output.holding
        )

    def make_file_fields(self) -> FileFields:
        """What of the head goes out with a file that the server sends instead."""
        found = self.headers_out.items()
        if self.no_cache and "Expires" not in self.headers_out:
            found = [*found, ("Expires", format_time(self.request_time))]
        return FileFields(self.err_headers_out.items(), found, self._content_type)

    def _watch_changes(self) -> None:
        """Tells of changes that come after the head has left."""
        sent = self._facts()

        def tell() -> None:
            if self._facts() != sent:
                text = "the status or header fields were changed too late: the head had left"
                reporter = self._request.settings.reporter
                reporter.report("warning", f"{self._request.path}: {text}")

        self._request.releases.append(tell)

    def _facts(self) -> tuple[Any, ...]:
        return self._status, self._content_type, *self._list_tables()

    def _line(self) -> str:
        line, status = self.status_line, self._status
        if not 200 <= status <= 599:
            raise ValueError(f"req.status is {status}; a status from 200 to 599 is wanted")
        if line and line.startswith(f"{status} "):
            validate_value("Status", line)
            return line
        return status_line(status)

    def _list_tables(self) -> list[tuple[str, str]]:
        if self._err_headers_out is self._headers_out is None:
            return []
        return [*self.err_headers_out.items(), *self.headers_out.items()]

    def _list_special(self) -> list[tuple[str, str]]:
        """Fields that members stand for."""
        fields = []
        if self.content_encoding:
            fields.append(("Content-Encoding", self.content_encoding))
        if self.content_languages:
            fields.append(("Content-Language", ", ".join(self.content_languages)))
        if self.no_cache and "Expires" not in self.headers_out:
            fields.append(("Expires", format_time(self.request_time)))
        return fields

    def _list_allowed(self) -> list[str]:
        names = [name for name, number in METHOD_NUMBERS.items() if self.allowed >> number & 1]
        return [*names, *self.allowed_methods]


@lru_cache(_MOST_TYPES)
def _plain_head(kind: str | None) -> ScriptHead:
    fields = [] if kind is None else [("Content-Type", kind)]
    return ScriptHead("200 OK", fields, 0, usual=True)


def _learn_type(kind: str) -> None:
    """Raises `TypeError` or `ValueError` for what no Content-Type may be."""
    validate_value("Content-Type", kind)
    if len(_known_types) < _MOST_TYPES:
        _known_types.add(kind)


def method_bits(methods: Iterable[int | str]) -> int:
    """Bits for methods as `"PUT"` or `M_PUT`; others have none."""
    bits = 0
    for method in methods:
        number = METHOD_NUMBERS.get(method) if isinstance(method, str) else method
        bits |= 0 if number is None else 1 << number
    return bits
