"""Cookies of responses."""

from __future__ import annotations

import calendar
import time
from datetime import datetime, timedelta, timezone
from email.utils import formatdate
from http.cookies import Morsel, SimpleCookie
from typing import Any, Union

Expires = Union[str, int, float, tuple[Any, ...], time.struct_time, datetime, timedelta, None]

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400, "b": 30 * 86400, "y": 365 * 86400}
_TEN_YEARS = 10 * _UNITS["y"]


class Cookie:
    """A cookie with its attributes."""

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self._value = value
        self._cookies: SimpleCookie = SimpleCookie()
        self._cookies[name] = value

    @property
    def _cookie(self) -> Morsel[str]:
        return self._cookies[self._name]

    def name(self) -> str:
        return self._name

    def value(self) -> Any:
        return self._value

    def path(self) -> str:
        return str(self._cookie["path"])

    def domain(self) -> str:
        return str(self._cookie["domain"])

    def expires(self) -> str:
        return str(self._cookie["expires"])

    def setComment(self, comment: str) -> None:
        self._set("comment", comment)

    def setDomain(self, domain: str) -> None:
        self._set("domain", domain)

    def setExpires(self, expires: Any) -> None:
        self._set("expires", expires)

    def setMaxAge(self, maxAge: int) -> None:
        self._cookie["max-age"] = str(maxAge)

    def setPath(self, path: str) -> None:
        self._set("path", path)

    def setSecure(self, secure: bool = True) -> None:
        self._cookie["secure"] = secure

    def setHttpOnly(self, httpOnly: bool = True) -> None:
        self._cookie["httponly"] = httpOnly

    def setSameSite(self, sameSite: str = "Strict") -> None:
        self._set("samesite", sameSite)

    def setVersion(self, version: str) -> None:
        self._set("version", version)

    def setValue(self, value: Any) -> None:
        attributes = dict(self._cookie)
        self._value = value
        self._cookies[self._name] = value
        self._cookie.update(attributes)

    def delete(self) -> None:
        """Makes the browser forget it."""
        self.setValue("")
        self._cookie["expires"] = "Mon, 01-Jan-1900 00:00:00 GMT"
        self._cookie["max-age"] = "0"

    def _set(self, attribute: str, value: Any) -> None:
        if ";" in str(value):
            raise ValueError(f"{attribute} of the cookie {self._name} cannot be {value!r}")
        self._cookie[attribute] = value

    def headerValue(self) -> str:
        """The value of Set-Cookie."""
        return self._cookie.OutputString()


def format_expiry(expires: Expires) -> str:
    """The date for a cookie; empty for one that the browser forgets when it is closed.

    Besides dates there are seconds since 1970, `timedelta`, `NEVER`, and `+` with a duration such
    as `1w` or `3h46m`. Raises `ValueError`.
    """
    if not expires or expires == "ONCLOSE":
        return ""
    if isinstance(expires, str):
        if expires == "NEVER":
            return formatdate(time.time() + _TEN_YEARS, usegmt=True)
        if not expires.startswith("+"):
            return expires
        return formatdate(time.time() + _seconds(expires[1:]), usegmt=True)
    if isinstance(expires, (int, float)):
        return formatdate(expires, usegmt=True)
    if isinstance(expires, timedelta):
        expires = datetime.now(timezone.utc) + expires
    if isinstance(expires, datetime):
        # Without a zone it is the local time.
        return formatdate(expires.timestamp(), usegmt=True)
    return formatdate(calendar.timegm(expires), usegmt=True)


def _seconds(duration: str) -> int:
    total, digits = 0, ""
    for character in duration:
        if character.isdigit():
            digits += character
        elif digits and character in _UNITS:
            total += int(digits) * _UNITS[character]
            digits = ""
        else:
            raise ValueError(f"{duration!r} is no duration; write one like 1w or 3h46m")
    return total
