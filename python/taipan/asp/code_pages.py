"""Code pages of Windows, as pages name them."""

from __future__ import annotations

import codecs
from typing import NamedTuple


class CodePage(NamedTuple):
    """How text is encoded."""

    number: int
    #: For Python.
    codec: str
    #: For `Content-Type`.
    charset: str


UTF_8 = 65001
_NAMED = {
    UTF_8: ("utf-8", "utf-8"),
    874: ("cp874", "windows-874"),
    932: ("cp932", "shift_jis"),
    936: ("gbk", "gbk"),
    949: ("cp949", "euc-kr"),
    950: ("cp950", "big5"),
    20127: ("ascii", "us-ascii"),
    20866: ("koi8-r", "koi8-r"),
    20932: ("euc_jp", "euc-jp"),
    21866: ("koi8-u", "koi8-u"),
    50220: ("iso2022_jp", "iso-2022-jp"),
    51932: ("euc_jp", "euc-jp"),
    51949: ("euc_kr", "euc-kr"),
    54936: ("gb18030", "gb18030"),
    **{1250 + i: (f"cp{1250 + i}", f"windows-{1250 + i}") for i in range(9)},
    **{28590 + i: (f"iso8859-{i}", f"iso-8859-{i}") for i in range(1, 17) if i != 12},
}
#: Beyond these there are only numbers of Windows that no browser has a name for.
CODE_PAGES = {number: CodePage(number, *names) for number, names in _NAMED.items()}


def find_code_page(number: int) -> CodePage:
    """A code page by its number; 0 is the default, UTF-8. Raises `ValueError`."""
    found = CODE_PAGES.get(number or UTF_8)
    if found is None:
        raise ValueError(
            f"there is no code page {number} here; 65001 is UTF-8, 1252 that of Europe"
        )
    return found


def find_charset(charset: str) -> CodePage | None:
    """The code page of a charset; None if none has its name."""
    try:
        codec = codecs.lookup(charset).name
    except LookupError:
        return None
    found = (page for page in CODE_PAGES.values() if codecs.lookup(page.codec).name == codec)
    return next(found, None)
