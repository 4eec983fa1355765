"""Cookies of a request."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from taipan.scripts.asp.values import Collection, Index, collect
from taipan.sessions.errors import SessionError
from taipan.sessions.process import process_sessions


class RequestCookie(str):
    """The value of a cookie, and its keys where it has some: `cookie("key")`."""

    _keys: Collection

    def __new__(cls, raw: str = "", codec: str = "utf-8") -> RequestCookie:
        """Of the value in the field Cookie."""
        has_keys = "=" in raw
        made = super().__new__(cls, raw if has_keys else _decode(raw, codec))
        pairs = [part.partition("=")[::2] for part in raw.split("&")] if has_keys else []
        made._keys = collect((_decode(name, codec), _decode(value, codec)) for name, value in pairs)
        return made

    @property
    def HasKeys(self) -> bool:
        """Whether it is a dictionary."""
        return self._keys.Count > 0

    @property
    def Count(self) -> int:
        """The number of keys."""
        return self._keys.Count

    @property
    def Item(self) -> RequestCookie:
        """Itself: `cookie.Item` is the text, `cookie.Item("key")` the value of a key."""
        return self

    def Key(self, index: int) -> str:
        """A key by its number, from 1 on."""
        return self._keys.Key(index)

    def __call__(self, key: Index | None = None) -> str:
        return str(self) if key is None else self[key]

    # Texts have other indexes.
    def __getitem__(self, key: Any) -> str:
        if isinstance(key, slice):
            return super().__getitem__(key)
        return str(self._keys.Item(key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reduce__(self) -> Any:
        return str, (str(self),)


class RequestCookies(Collection):
    """Cookies by their names; the one of the session is left out, as on IIS."""

    def _missing(self) -> str:
        return RequestCookie()


def read_cookies(header: str, codec: str) -> RequestCookies:
    """The cookies of the field Cookie; of one name the first counts."""
    hidden = _session_cookie()
    found: dict[str, str] = {}
    for part in header.split(";"):
        raw_name, equals, value = part.strip().partition("=")
        name = _decode(raw_name.strip(), codec)
        if equals and name and name != hidden:
            found.setdefault(name, RequestCookie(value.strip().strip('"'), codec))
    return RequestCookies(found, header)


def _session_cookie() -> str:
    try:
        return process_sessions().settings.cookie
    except SessionError:
        return ""


def _decode(text: str, codec: str) -> str:
    # As it came: the server has read the bytes as latin-1.
    data = text.encode("latin-1", "replace")
    return unquote_plus(data.decode(codec, "replace"), codec, "replace")
