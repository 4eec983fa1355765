"""A request under PyISAPIe: its head, and what is written."""

from __future__ import annotations

from typing import Any

from taipan.scripts.pyisapie.config import USUAL, SiteConfig
from taipan.scripts.pyisapie.headers import Fields, parse_headers, parse_status
from taipan.scripts.pyisapie.interpreter_access import InterpreterAccess
from taipan.scripts.request.current import ScriptRequest, current_request
from taipan.scripts.request.head import ScriptHead
from taipan.scripts.request.output import ONE_PIECE


class NotText(ValueError, TypeError):
    """`Write()` has got something that is no text."""


class IsapiRequest:
    """What `Header` and `Write` do."""

    #: The one that runs it.
    interpreter: InterpreterAccess
    config: SiteConfig = USUAL
    _closing = False
    #: Of the only write; None: any number of bytes may be written.
    _length: int | None = None
    _written = False

    def __init__(self, script: ScriptRequest) -> None:
        self.script = script
        self._status = "200 OK"
        self._fields: Fields = []
        #: Those of a WSGI application.
        self._application_fields: Fields = []
        script.legacy = self
        script.output.make_head = self._make_head
        script.output.may_be_empty = True
        script.releases.append(self._release)

    def configure(self, interpreter: InterpreterAccess, config: SiteConfig) -> None:
        """Says which interpreter it is for."""
        self.interpreter, self.config = interpreter, config
        if config.buffer_size < ONE_PIECE:
            self._pass_text_on()
        self.script.output.limit = config.buffer_size

    @property
    def keep_alive(self) -> bool:
        """The connection may be used again."""
        environ = self.script.environ
        options = environ.get("HTTP_CONNECTION", "").lower().replace(" ", "").split(",")
        usual = environ["SERVER_PROTOCOL"] != "HTTP/1.0" or "keep-alive" in options
        return usual and "close" not in options and not self._closing and self.config.keep_alive

    def set_head(
        self, headers: object, *, status: object = 0, length: object = -1, close: object = None
    ) -> None:
        """Adds to the head. Raises `ValueError`, and changes nothing then."""
        if self.script.output.begun:
            raise RuntimeError("Headers already sent")
        fields = [] if headers is None else parse_headers(headers)
        line = parse_status(status) if status else self._status
        checked = self._check_length(length)
        if close not in (None, False, True):
            raise ValueError(f"Close is True when it is given, not {close!r}")
        self._status, self._length = line, checked
        for name, value in fields:
            if name.lower() == "connection":
                self._closing = self._closing or value.lower() == "close"
            else:
                self._add_field(name, value)
        self._closing = self._closing or close is True

    def set_application_head(self, status: str, fields: Fields) -> None:
        """Takes the head of a WSGI application, in place of that which it gave before."""
        self._status, self._application_fields = status, fields

    def write(self, data: object) -> None:
        """Adds text or bytes to the response."""
        if not isinstance(data, (str, bytes, bytearray, memoryview)):
            raise NotText(f"Write() takes a text, not {type(data).__name__}: use str() first")
        if not len(data):
            return
        text = self.script.text
        if self._length is not None:
            self._write_whole(data)
        elif isinstance(data, str):
            text.write(data)
        else:
            text.buffer.write(data)

    def disable_buffer(self) -> None:
        """Sends what has been written, and from now on each piece at once."""
        self._pass_text_on()
        self.script.output.limit = 0
        self.script.output.send()

    def complete_fields(self) -> Fields:
        """All fields of the head."""
        fields = [*self._fields, *self._application_fields]
        fields = fields or list(self.config.default_fields)
        names = {name.lower() for name, _ in fields}
        fields += [field for field in self.config.static_fields if field[0].lower() not in names]
        if self._length is not None:
            fields.append(("Content-Length", str(self._length)))
        if self._closing or not self.config.keep_alive:
            fields.append(("Connection", "close"))
        return fields

    def check_end(self) -> None:
        """Raises `ValueError` if the only write has not come."""
        waits = bool(self._length) and not self._written
        if waits and not self.script.has_output and self.script.environ["REQUEST_METHOD"] != "HEAD":
            raise ValueError(f"the content length is {self._length}, and nothing was written")

    def _pass_text_on(self) -> None:
        """Lets no text be gathered before it is output."""
        text = self.script.text
        text.most_texts = 0
        text.pass_on()

    def _make_head(self) -> ScriptHead:
        return ScriptHead(self._status, self.complete_fields(), 0)

    def _add_field(self, name: str, value: str) -> None:
        if name.lower() == "content-type":
            self._fields = [field for field in self._fields if field[0].lower() != "content-type"]
        self._fields.append((name, value))

    def _check_length(self, length: object) -> int | None:
        if length in (None, -1):
            return self._length
        if type(length) is not int or length < 0:
            raise ValueError(f"Invalid content length: {length!r}")
        if self._length is not None:
            raise ValueError("Content length already set")
        if self.script.has_output:
            raise ValueError("the content length has to be set before anything is written")
        return length

    def _write_whole(self, data: Any) -> None:
        if self._written:
            raise ValueError("the data that the content length is for has been written already")
        whole = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else bytes(data)
        # Lengths of texts count characters.
        if self._length not in (len(data), len(whole)):
            raise ValueError(
                f"the content length is {self._length}, and needs one Write() of that size: these"
                f" are {len(whole)} bytes"
            )
        self._length, self._written = len(whole), True
        self.script.text.buffer.write(whole)
        self.script.output.send()

    def _release(self) -> None:
        # It refers to the request.
        self.script.legacy = None


def current_isapi() -> IsapiRequest | None:
    """The request that the caller serves; None outside of requests."""
    script = current_request()
    return None if script is None else _isapi_of(script)


def require_isapi() -> IsapiRequest:
    """The request that the caller serves. Raises `RuntimeError` outside of requests."""
    isapi = current_isapi()
    if isapi is None:
        raise RuntimeError(
            "Http serves no request here: its functions work while Request() runs, for routes with"
            " pyisapie alone"
        )
    return isapi


def _isapi_of(script: ScriptRequest) -> IsapiRequest | None:
    found = script.legacy
    return found if isinstance(found, IsapiRequest) else None
