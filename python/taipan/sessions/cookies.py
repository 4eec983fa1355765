"""Ids of sessions, and the cookies that carry them."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from secrets import token_hex
from urllib.parse import quote

from taipan.sessions.settings import SessionSettings

_ID_BYTES = 16
#: More of one name are not sent by browsers, but by those who try.
_LIMIT = 4
_EXPIRED = "; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"


def make_id() -> str:
    """An id that nobody can guess, with the letters of mod_python's."""
    return token_hex(_ID_BYTES)


def make_key(identifier: str) -> bytes:
    """What the store knows a session by: who reads it learns no id."""
    return sha256(identifier.encode("ascii")).digest()


def find_ids(header: str, name: str) -> list[str]:
    """The ids that may have been issued, in the order of the field Cookie; others are ignored."""
    if name not in header:
        return []
    return _pattern(name).findall(header)[:_LIMIT]


def format_cookie(identifier: str, path: str, secure: bool, settings: SessionSettings) -> str:
    """A value of Set-Cookie; an empty id takes the cookie away."""
    parts = [f"{settings.cookie}={identifier}; Path={quote(path or '/', safe=_PATH_SAFE)}"]
    if settings.domain is not None:
        parts.append(f"Domain={settings.domain}")
    parts.append("HttpOnly")
    parts.append(f"SameSite={settings.same_site}")
    if secure:
        parts.append("Secure")
    return "; ".join(parts) + ("" if identifier else _EXPIRED)


#: Bytes of a path that a cookie may have (RFC 6265, 4.1.1), without `%` of encoded ones.
_PATH_SAFE = "/!$&'()*+,:=@~%"


@lru_cache
def _pattern(name: str) -> re.Pattern[str]:
    value = f"[0-9a-f]{{{2 * _ID_BYTES}}}"
    return re.compile(rf'(?:^|;)[ \t]*{re.escape(name)}="?({value})"?[ \t]*(?=;|$)')
