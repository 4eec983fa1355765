"""`Request`: what the client has sent."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from taipan.scripts.asp.case_blind import CaseBlind
from taipan.scripts.asp.request_cookies import RequestCookies, read_cookies
from taipan.scripts.asp.server_variables import read_variables
from taipan.scripts.asp.values import NOTHING, Collection, collect
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.form import FORM_TYPES, URLENCODED, body_type


class Request(CaseBlind):
    """The object `Request`."""

    def __init__(self, request: ScriptRequest, codec: str) -> None:
        self._request = request
        self._codec = codec
        self._query: Collection | None = None
        self._form: Collection | None = None
        self._cookies: RequestCookies | None = None
        self._variables: Collection | None = None
        #: Bytes of the body that were taken by `BinaryRead`; None: none were asked for.
        self._taken: int | None = None

    @property
    def QueryString(self) -> Collection:
        """The fields of the query; as text, the query."""
        if self._query is None:
            text = str(self._request.environ["QUERY_STRING"])
            self._query = collect(self._parse(text.encode("latin-1")), text)
        return self._query

    @property
    def Form(self) -> Collection:
        """The fields of the body; as text, the body. Raises `FormError`."""
        if self._form is None:
            if self._taken is not None:
                raise RuntimeError("Request.Form cannot be used after Request.BinaryRead")
            self._form = self._read_form()
        return self._form

    @property
    def Cookies(self) -> RequestCookies:
        """The cookies of the client."""
        if self._cookies is None:
            header = str(self._request.environ.get("HTTP_COOKIE", ""))
            self._cookies = read_cookies(header, self._codec)
        return self._cookies

    @property
    def ServerVariables(self) -> Collection:
        """The variables of IIS."""
        if self._variables is None:
            self._variables = read_variables(self._request)
        return self._variables

    @property
    def ClientCertificate(self) -> Collection:
        """Empty: clients have none here."""
        return Collection({})

    @property
    def TotalBytes(self) -> int:
        """Length of the body in bytes; 0 if the client has not told it."""
        length = str(self._request.environ.get("CONTENT_LENGTH") or "0")
        return int(length) if length.isdigit() else 0

    def BinaryRead(self, count: int | None = None) -> bytes:
        """The next `count` bytes of the body, by default all; not together with `Form`."""
        if self._form is not None:
            raise RuntimeError("Request.BinaryRead cannot be used after Request.Form")
        size = -1 if count is None else int(count)
        if count is not None and size < 0:
            raise ValueError(f"Request.BinaryRead({count}): a number of bytes is wanted")
        data: bytes = self._request.environ["wsgi.input"].read(size)
        self._taken = (self._taken or 0) + len(data)
        return data

    def Item(self, key: str) -> Any:
        """What has this name: in QueryString, Form, Cookies or ServerVariables, in this order."""
        for find in (self._find_query, self._find_form, self._find_cookies, self._find_variables):
            found = find()
            if key in found:
                return found[key]
        return NOTHING

    __call__ = Item
    __getitem__ = Item

    def _find_query(self) -> Collection:
        return self.QueryString

    def _find_form(self) -> Collection:
        # The body belongs to who reads its bytes.
        return self.Form if self._taken is None else Collection({})

    def _find_cookies(self) -> Collection:
        return self.Cookies

    def _find_variables(self) -> Collection:
        return self.ServerVariables

    def _parse(self, data: bytes) -> list[tuple[str, str]]:
        from taipan.forms import UrlencodedParser

        parser = UrlencodedParser()
        parser.encoding = self._codec
        parser.keep_blank_values = True
        return [*parser.feed(data), *parser.close()]

    def _read_form(self) -> Collection:
        environ = self._request.environ
        kind = body_type(environ) if "CONTENT_TYPE" in environ else URLENCODED
        if environ["REQUEST_METHOD"] in ("GET", "HEAD") or kind not in FORM_TYPES:
            return Collection({})
        if kind == URLENCODED:
            data = self._read_body()
            return collect(self._parse(data), data.decode("latin-1"))
        pairs = self._read_parts()
        return collect(pairs, urlencode(pairs, encoding=self._codec, errors="replace"))

    def _read_body(self) -> bytes:
        from taipan.forms import FormError, FormLimits

        most = FormLimits().memory
        data: bytes = self._request.environ["wsgi.input"].read(most + 1)
        if len(data) > most:
            raise FormError(f"the form has more than {most} bytes", 413)
        if len(data) < self.TotalBytes:
            raise FormError("the form ends too early")
        return data

    def _read_parts(self) -> list[tuple[str, str]]:
        """Fields of a multipart form; those with files have the name of the file."""
        from taipan.forms import FieldStorage

        environ = self._request.text_variables()
        environ["QUERY_STRING"] = ""
        form = FieldStorage(
            fp=self._request.environ["wsgi.input"],
            environ=environ,
            keep_blank_values=True,
            encoding=self._codec,
        )
        self._request.form = form
        return [(one.name or "", one.filename or str(one.value)) for one in form.list or ()]
