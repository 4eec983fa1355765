"""Cookies of a response."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Callable
from urllib.parse import quote_plus

from taipan.fields import is_field_value
from taipan.scripts.asp.case_blind import CaseBlind
from taipan.scripts.asp.dates import When, format_when

_SAME_SITE = ("Strict", "Lax", "None")


class ResponseCookie(CaseBlind):
    """A cookie that the response sets: a value, or keys with values."""

    def __init__(self, name: str, codec: str, touch: Callable[[str], None]) -> None:
        self._name = name
        self._codec = codec
        #: Raises where it is too late.
        self._touch = touch
        self._value = ""
        self._keys: dict[str, str] = {}
        self._attributes: dict[str, str] = {"Path": "/"}

    @property
    def Value(self) -> str:
        """The value, which takes the place of keys."""
        return str(self)

    @Value.setter
    def Value(self, value: Any) -> None:
        self._touch("Response.Cookies")
        self._value, self._keys = _text(value), {}

    def Item(self, key: str) -> str:
        """The value of a key; empty if there is none."""
        return self._keys.get(key, "")

    __getitem__ = Item

    def __call__(self, key: str | None = None) -> str:
        return str(self) if key is None else self.Item(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._touch("Response.Cookies")
        self._keys[str(key)] = _text(value)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    @property
    def HasKeys(self) -> bool:
        """Whether it is a dictionary."""
        return bool(self._keys)

    @property
    def Expires(self) -> str:
        """When the browser forgets it; empty: when it ends."""
        return self._attributes.get("Expires", "")

    @Expires.setter
    def Expires(self, when: When) -> None:
        self._set("Expires", format_when(when))

    @property
    def Path(self) -> str:
        """Of the URLs that it is sent to; `/` by default."""
        return self._attributes["Path"]

    @Path.setter
    def Path(self, path: str) -> None:
        self._set("Path", path)

    @property
    def Domain(self) -> str:
        """Of the hosts that it is sent to; empty: the one of the request."""
        return self._attributes.get("Domain", "")

    @Domain.setter
    def Domain(self, domain: str) -> None:
        self._set("Domain", domain)

    @property
    def SameSite(self) -> str:
        """Strict, Lax or None; empty: what the browser does by default."""
        return self._attributes.get("SameSite", "")

    @SameSite.setter
    def SameSite(self, value: str) -> None:
        known = next((one for one in _SAME_SITE if one.lower() == str(value).lower()), None)
        if known is None:
            raise ValueError(f"SameSite is Strict, Lax or None, not {value!r}")
        self._set("SameSite", known)

    @property
    def Secure(self) -> bool:
        """It is sent by https only."""
        return "Secure" in self._attributes

    @Secure.setter
    def Secure(self, on: bool) -> None:
        self._switch("Secure", on)

    @property
    def HttpOnly(self) -> bool:
        """Scripts in browsers cannot read it."""
        return "HttpOnly" in self._attributes

    @HttpOnly.setter
    def HttpOnly(self, on: bool) -> None:
        self._switch("HttpOnly", on)

    def _set(self, name: str, value: str) -> None:
        self._touch("Response.Cookies")
        text = str(value)
        if ";" in text or not is_field_value(text):
            raise ValueError(f"{name} of the cookie {self._name} cannot be {text!r}")
        if text:
            self._attributes[name] = text
        else:
            self._attributes.pop(name, None)

    def _switch(self, name: str, on: bool) -> None:
        self._touch("Response.Cookies")
        if on:
            self._attributes[name] = ""
        else:
            self._attributes.pop(name, None)

    def _encode(self, text: str) -> str:
        return quote_plus(text, encoding=self._codec, errors="replace")

    def __str__(self) -> str:
        if not self._keys:
            return self._value
        return "&".join(
            f"{self._encode(key)}={self._encode(value)}" for key, value in self._keys.items()
        )

    def _format(self) -> str:
        value = str(self) if self._keys else self._encode(self._value)
        parts = [f"{self._encode(self._name)}={value}"]
        parts += [f"{name}={value}" if value else name for name, value in self._attributes.items()]
        return "; ".join(parts)


class ResponseCookies(CaseBlind):
    """The cookies that a response sets, by name; asking for one makes it."""

    def __init__(self, codec: str, touch: Callable[[str], None]) -> None:
        self._codec = codec
        self._touch = touch
        self._cookies: dict[str, ResponseCookie] = {}

    def Item(self, name: str) -> ResponseCookie:
        """A cookie, which is set with what it has at the end."""
        self._touch("Response.Cookies")
        key = str(name).lower()
        if not key:
            raise ValueError("a cookie needs a name")
        if key not in self._cookies:
            self._cookies[key] = ResponseCookie(str(name), self._codec, self._touch)
        return self._cookies[key]

    __call__ = Item
    __getitem__ = Item

    def __setitem__(self, name: str, value: Any) -> None:
        self.Item(name).Value = value

    @property
    def Count(self) -> int:
        """The number of cookies."""
        return len(self._cookies)

    def __iter__(self) -> Iterator[str]:
        return (cookie._name for cookie in self._cookies.values())

    def _fields(self) -> list[tuple[str, str]]:
        return [("Set-Cookie", cookie._format()) for cookie in self._cookies.values()]


def _text(value: Any) -> str:
    return "" if value is None else str(value)
