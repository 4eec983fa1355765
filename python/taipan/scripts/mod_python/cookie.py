"""The module `Cookie`: cookies, plain and signed."""

from __future__ import annotations

import base64
import binascii
import hmac
import marshal
import re
import time
from typing import Any, TypeVar, Union

__all__ = [
    "Cookie",
    "CookieError",
    "MarshalCookie",
    "SignedCookie",
    "add_cookie",
    "get_cookie",
    "get_cookies",
]

#: Attributes in the order in which they are written.
_ATTRIBUTES = (
    "version",
    "path",
    "domain",
    "secure",
    "comment",
    "expires",
    "max_age",
    "samesite",
    "commentURL",
    "discard",
    "port",
    "httponly",
)
_BY_LOWER_NAME = {name.lower(): name for name in _ATTRIBUTES}
_FLAGS = ("secure", "discard", "httponly")
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
#: Of what is before a value: the signature, an HMAC with MD5, as cookies of old have it.
_SIGNED = 32
#: Bytes of `marshal` without references, so that a value always gives the same text.
_MARSHAL_VERSION = 2

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()

_PAIR = re.compile(r'[, ]*(?P<key>[^; =]+) *(?:= *)?(?P<value>"(?:[^\\"]|\\.)*"|[^;]*)\s*;?')
_BETWEEN = re.compile("[, ]*")

Secret = Union[str, bytes, None]
C = TypeVar("C", bound="Cookie")


class CookieError(Exception):
    """A cookie that cannot be signed, has a wrong signature, or cannot be sent."""


class Cookie:
    """One cookie; `str` gives it as Set-Cookie has it, without quotes that are not in the value."""

    #: What becomes of cookies whose signature is wrong: a plain `Cookie`, nothing, an error.
    DOWNGRADE = 0
    IGNORE = 1
    EXCEPTION = 3

    __slots__ = ("__data__", "_expires", "name", "value", *(set(_ATTRIBUTES) - {"expires"}))

    name: str
    value: Any
    __data__: dict[str, Any]

    def __init__(self, name: str, value: Any, **attributes: Any) -> None:
        self.name, self.value = name, value
        self.__data__ = {}
        for key, one in attributes.items():
            setattr(self, _BY_LOWER_NAME.get(key.lower(), key), one)

    @classmethod
    def parse(cls: type[C], str: str, **kw: Any) -> dict[str, Any]:
        """The cookies in a field Cookie by their names; `names` limits them to some."""
        return _parse_cookies(str, cls, **kw)

    @property
    def expires(self) -> str:
        """When it ends, as Set-Cookie says it; set by such a text, or in seconds of the epoch."""
        return self._expires

    @expires.setter
    def expires(self, value: Any) -> None:
        if isinstance(value, str):
            try:
                time.strptime(value, "%a, %d-%b-%Y %H:%M:%S GMT")
            except ValueError:
                raise ValueError(f"Invalid expires time: {value}") from None
            self._expires = value
        else:
            self._expires = _format_time(value)

    def text_value(self) -> str:
        """What the client gets as the value."""
        return str(self.value)

    def __str__(self) -> str:
        parts = [f"{self.name}={self.text_value()}"]
        for name in _ATTRIBUTES:
            value = getattr(self, name, None)
            if name in _FLAGS:
                if value:
                    parts.append(name)
            elif value is not None:
                parts.append(f"{'max-age' if name == 'max_age' else name}={value}")
        text = "; ".join(parts)
        if _CONTROLS.search(text) is not None:
            raise CookieError(f"the cookie {self.name!r} has control characters: {text!r}")
        return text

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"


class SignedCookie(Cookie):
    """A cookie whose value clients can read, but not change."""

    __slots__ = ()

    def __init__(self, name: str, value: Any, secret: Secret = None, **attributes: Any) -> None:
        super().__init__(name, value, **attributes)
        self.__data__["secret"] = secret

    # The secret is its second argument in mod_python as well.
    @classmethod
    def parse(  # type: ignore[override]
        cls, str: str, secret: Secret, mismatch: int = Cookie.DOWNGRADE, **kw: Any
    ) -> dict[str, Any]:
        """The cookies in a field; `mismatch` says what becomes of those with a wrong signature."""
        cookies: dict[Any, Any] = _parse_cookies(str, cls, **kw)
        for name, cookie in list(cookies.items()):
            try:
                cookie.open(secret)
            except CookieError:
                if mismatch == Cookie.EXCEPTION:
                    raise
                if mismatch == Cookie.IGNORE:
                    del cookies[name]
                else:
                    cookies[name] = Cookie(name, cookie.value)
        return cookies

    def open(self, secret: Secret) -> None:
        """Makes the value what was signed. Raises `CookieError`."""
        self.unsign(secret)

    def unsign(self, secret: Secret) -> None:
        """Takes the signature off the value. Raises `CookieError` if it is not that of `secret`."""
        value = str(self.value)
        signature, rest = value[:_SIGNED], value[_SIGNED:]
        expected = _sign(secret, self.name, rest)
        if not hmac.compare_digest(_bytes(expected), _bytes(signature)):
            raise CookieError(f"Incorrectly Signed Cookie: {self.name}={value}")
        self.value = rest
        self.__data__["secret"] = secret

    def hexdigest(self, str: str) -> str:
        """The signature of a value. Raises `CookieError` if there is no secret."""
        return _sign(self.__data__["secret"], self.name, str)

    def text_value(self) -> str:
        """Signature and value."""
        value = super().text_value()
        return self.hexdigest(value) + value


class MarshalCookie(SignedCookie):
    """A signed cookie of anything that `marshal` can write.

    Whoever knows the secret can make the server read what is no good for `marshal`, and crash it.
    Nothing is read whose signature is wrong.
    """

    __slots__ = ()

    def text_value(self) -> str:
        """Signature and value."""
        data = marshal.dumps(self.value, _MARSHAL_VERSION)
        text = base64.b64encode(data).decode("ascii")
        return self.hexdigest(text) + text

    def open(self, secret: Secret) -> None:
        """Makes the value what was signed. Raises `CookieError`."""
        self.unmarshal(secret)

    def unmarshal(self, secret: Secret) -> None:
        """Makes the value what was signed. Raises `CookieError`."""
        self.unsign(secret)
        try:
            self.value = marshal.loads(base64.b64decode(self.value))
        except (EOFError, ValueError, TypeError, binascii.Error):
            raise CookieError(f"Cannot Unmarshal Cookie: {self.name}={self.value}") from None


def add_cookie(req: Any, cookie: Any, value: Any = "", **attributes: Any) -> None:
    """Sends a cookie, given whole or by its name; the first one keeps it out of caches."""
    if not isinstance(cookie, Cookie):
        cookie = Cookie(cookie, value, **attributes)
    text = str(cookie)
    if "Set-Cookie" not in req.headers_out:
        req.headers_out.add("Cache-Control", 'no-cache="set-cookie"')
    req.headers_out.add("Set-Cookie", text)


def get_cookies(req: Any, Class: type[Cookie] = Cookie, **kw: Any) -> dict[str, Any]:
    """The cookies of a request by their names; `kw` is for the `parse` of the class."""
    if "cookie" not in req.headers_in:
        return {}
    field = req.headers_in["cookie"]
    return Class.parse("; ".join(field) if isinstance(field, list) else field, **kw)


def get_cookie(req: Any, name: str, Class: type[Cookie] = Cookie, **kw: Any) -> Any:
    """The cookie of this name, or None."""
    return get_cookies(req, Class, names=[name], **kw).get(name)


def _parse_cookies(text: str, kind: type[C], names: Any = None) -> dict[str, C]:
    cookies: dict[str, C] = {}
    at = 0
    while at < len(text):
        found = _PAIR.match(text, at)
        if found is None:
            # No later place in this run of commas and spaces can be the start of one.
            between = _BETWEEN.match(text, at)
            at = (between.end() if between else at) + 1
            continue
        at = found.end()
        name, value = found["key"], found["value"]
        # Those with a dollar are attributes of RFC 2965.
        if name[0] != "$" and (names is None or name in names):
            cookies[name] = kind(name, value)
    return cookies


def _sign(secret: Secret, name: str, value: str) -> str:
    if not secret:
        raise CookieError("Cannot sign without a secret")
    return hmac.new(_bytes(secret), _bytes(name) + _bytes(value), "md5").hexdigest()


def _bytes(text: str | bytes) -> bytes:
    return text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text


def _format_time(seconds: float) -> str:
    # Not by strftime, which writes the language of the process.
    when = time.gmtime(seconds)
    day = f"{_DAYS[when.tm_wday]}, {when.tm_mday:02}-{_MONTHS[when.tm_mon - 1]}-{when.tm_year}"
    return f"{day} {when.tm_hour:02}:{when.tm_min:02}:{when.tm_sec:02} GMT"
