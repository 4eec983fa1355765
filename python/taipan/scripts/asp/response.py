"""`Response`: what the client gets."""

from __future__ import annotations

import time
from email.utils import formatdate
from html import escape
from typing import Any, NoReturn
from urllib.parse import quote

from taipan.asp.code_pages import CodePage, find_charset, find_code_page
from taipan.fields import is_field_value, is_token
from taipan.scripts.asp.case_blind import CaseBlind, Flag
from taipan.scripts.asp.dates import When, format_when
from taipan.scripts.asp.response_cookies import ResponseCookies
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.errors import OutputError
from taipan.scripts.request.head import ScriptHead, parse_status
from taipan.scripts.request.text_output import MOST_TEXTS

#: Bytes that are held in a buffer; more begin the response.
_BUFFER = 4 * 1024 * 1024
#: Characters of URLs that stay as they are.
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"


class PageEnd(SystemExit):
    """`Response.End`."""


class Response(CaseBlind):
    """The object `Response`."""

    def __init__(self, request: ScriptRequest, page: CodePage) -> None:
        self._request = request
        self._output = request.output
        self._code_page = page
        self._status = "200 OK"
        self._content_type = "text/html"
        self._charset = ""
        self._cache_control = "private"
        #: Minutes, or a date for the field.
        self._expires: float | str | None = None
        self._fields: list[tuple[str, str]] = []
        self._lcid = 1033
        self._buffers = True
        self._cookies = ResponseCookies(page.codec, self._require_unsent)
        self._output.make_head = self._make_head
        self._output.may_be_empty = True
        self._set_limits()
        self._encode()

    # The body

    def Write(self, value: Any) -> None:
        """Adds the text of a value; None has none, and bytes are taken as they are."""
        if isinstance(value, (bytes, bytearray, memoryview)):
            self.BinaryWrite(value)
        elif value is not None:
            self._request.text.write(str(value))

    def BinaryWrite(self, data: bytes | bytearray | memoryview) -> None:
        """Adds bytes."""
        self._request.text.buffer.write(data)

    def _set_limits(self) -> None:
        # They hold for what is printed, too.
        self._output.limit = _BUFFER if self._buffers else 0
        self._request.text.most_texts = MOST_TEXTS if self._buffers else 0

    @property
    def Buffer(self) -> bool:
        """The page is held until its end or `Flush`; False: what is written leaves at once."""
        return self._buffers

    @Buffer.setter
    def Buffer(self, on: bool) -> None:
        if bool(on) != self._buffers:
            self._require_unsent("Response.Buffer")
        self._buffers = bool(on)
        self._set_limits()

    def Clear(self) -> None:
        """Forgets what is in the buffer; header fields stay."""
        if not self._buffers:
            raise RuntimeError("Response.Clear needs Response.Buffer")
        self._request.drop()

    def Flush(self) -> None:
        """Sends what is in the buffer."""
        self._request.text.flush()

    def End(self) -> NoReturn:
        """Ends the page, with what was written."""
        # What is written afterwards, by whatever means, is dropped.
        self._request.text.pass_on()
        self._output.body_filter = _drop
        raise PageEnd

    def Redirect(self, url: str) -> NoReturn:
        """Sends the browser to another URL, and ends the page."""
        self._require_unsent("Response.Redirect")
        target = quote(str(url), safe=_URL_SAFE, errors="surrogateescape")
        if any(character in str(url) for character in "\r\n\0"):
            raise ValueError(f"Response.Redirect({str(url)!r}): this is no URL")
        self._request.drop()
        self._status = "302 Found"
        self._content_type = "text/html"
        self._fields.append(("Location", target))
        link = f'<a href="{escape(target)}">here</a>'
        self.Write(f"<h1>Object Moved</h1>This object may be found {link}.\n")
        self.End()

    # The head

    @property
    def Status(self) -> str:
        """As `404 Not Found`."""
        return self._status

    @Status.setter
    def Status(self, status: Any) -> None:
        self._require_unsent("Response.Status")
        try:
            line = parse_status(str(status).strip())
        except OutputError:
            raise ValueError(f"Response.Status: {status!r} is none as 404 Not Found") from None
        if not is_field_value(line):
            raise ValueError(f"Response.Status: {status!r} has characters that HTTP forbids")
        self._status = line

    @property
    def ContentType(self) -> str:
        """The type of what is sent; text gets its charset."""
        return self._content_type

    @ContentType.setter
    def ContentType(self, kind: str) -> None:
        self._require_unsent("Response.ContentType")
        self._content_type = _check("Content-Type", kind)
        self._encode()

    @property
    def Charset(self) -> str:
        """Name of the charset; by default that of the code page. Text is encoded so, too."""
        return self._charset

    @Charset.setter
    def Charset(self, charset: str) -> None:
        self._require_unsent("Response.Charset")
        self._charset = _check("Content-Type", charset)
        self._code_page = find_charset(charset) or self._code_page
        self._encode()

    @property
    def CodePage(self) -> int:
        """Number of the code page by which text is encoded."""
        return self._code_page.number

    @CodePage.setter
    def CodePage(self, number: int) -> None:
        self._code_page = find_code_page(int(number))
        self._encode()

    @property
    def LCID(self) -> int:
        """Number of a locale, which has no effect."""
        return self._lcid

    @LCID.setter
    def LCID(self, number: int) -> None:
        self._lcid = int(number)

    @property
    def Cookies(self) -> ResponseCookies:
        """The cookies that are set."""
        return self._cookies

    def AddHeader(self, name: str, value: Any) -> None:
        """Adds a header field."""
        self._require_unsent("Response.AddHeader")
        text = _check(name, value)
        if name.lower() == "content-type":
            self._content_type = text
        elif name.lower() == "cache-control":
            self._cache_control = text
        else:
            self._fields.append((name, text))

    def PICS(self, label: str) -> None:
        """Adds the field PICS-Label."""
        self.AddHeader("PICS-Label", label)

    @property
    def CacheControl(self) -> str:
        """Value of Cache-Control, `private` by default."""
        return self._cache_control

    @CacheControl.setter
    def CacheControl(self, value: str) -> None:
        self._require_unsent("Response.CacheControl")
        self._cache_control = _check("Cache-Control", value)

    @property
    def Expires(self) -> float | None:
        """Minutes until a copy of the page is too old."""
        return self._expires if isinstance(self._expires, (int, float)) else None

    @Expires.setter
    def Expires(self, minutes: float) -> None:
        self._require_unsent("Response.Expires")
        number = float(minutes)
        formatdate(time.time() + number * 60, usegmt=True)
        self._expires = number

    @property
    def ExpiresAbsolute(self) -> str:
        """When a copy of the page is too old."""
        return self._expires if isinstance(self._expires, str) else ""

    @ExpiresAbsolute.setter
    def ExpiresAbsolute(self, when: When) -> None:
        self._require_unsent("Response.ExpiresAbsolute")
        self._expires = format_when(when)

    # Others

    def AppendToLog(self, text: str) -> None:
        """Writes to the log."""
        self._request.settings.reporter.report("info", str(text))

    @property
    def IsClientConnected(self) -> Flag:
        """True: a client that leaves ends the page at its next output."""
        return Flag(True)

    def _encode(self) -> None:
        codec = self._code_page.codec
        plain = codec == "utf-8"
        markup = "html" in self._content_type or "xml" in self._content_type
        errors = "surrogateescape" if plain else "xmlcharrefreplace" if markup else "replace"
        self._request.text.reconfigure(encoding=codec, errors=errors)

    def _require_unsent(self, what: str) -> None:
        if self._output.begun:
            raise RuntimeError(
                f"{what} came after the head of the response was sent; use it before Response.Flush"
                " and, without Response.Buffer, before the first output"
            )

    def _make_head(self) -> ScriptHead:
        kind = self._content_type
        charset = self._charset or self._code_page.charset
        if kind.startswith("text/") and "charset" not in kind.lower():
            kind = f"{kind}; charset={charset}"
        fields = [("Content-Type", kind), *self._fields, *self._cookies._fields()]
        if self._cache_control:
            fields.append(("Cache-Control", self._cache_control))
        if isinstance(self._expires, str):
            fields.append(("Expires", self._expires))
        elif self._expires is not None:
            fields.append(("Expires", formatdate(time.time() + self._expires * 60, usegmt=True)))
        return ScriptHead(self._status, fields, 0)


def _drop(_data: bytes) -> None:
    pass


def _check(name: str, value: Any) -> str:
    """The value of a field. Raises `ValueError`."""
    text = str(value)
    if not is_token(str(name)) or not is_field_value(text):
        raise ValueError(f"the header field {name}: {text!r} has characters that HTTP forbids")
    return text
