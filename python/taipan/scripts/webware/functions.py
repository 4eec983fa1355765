"""The functions of the module `WebUtils.Funcs`."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote_plus as urlEncode
from urllib.parse import unquote_plus as urlDecode

__all__ = ["htmlDecode", "htmlEncode", "htmlEncodeStr", "urlDecode", "urlEncode"]

_CODES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"))


def htmlEncode(what: Any, codes: Iterable[tuple[str, str]] = _CODES) -> str:
    """A value as HTML: None is `-`, and what has `html` knows itself."""
    if what is None:
        return "-"
    if hasattr(what, "html"):
        return str(what.html() if callable(what.html) else what.html)
    return htmlEncodeStr(str(what), codes)


def htmlEncodeStr(s: str, codes: Iterable[tuple[str, str]] = _CODES) -> str:
    """A text as HTML."""
    for character, code in codes:
        s = s.replace(character, code)
    return s


def htmlDecode(s: str) -> str:
    """The text that HTML stands for."""
    return html.unescape(s)
