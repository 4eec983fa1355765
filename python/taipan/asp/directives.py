"""What `<%@ Language=Python CodePage=65001 %>` says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from taipan.asp.code_pages import CODE_PAGES, UTF_8, CodePage, find_code_page

_NAMES = "Language, CodePage, LCID, EnableSessionState, Transaction"
_ATTRIBUTE = re.compile(r"""\s*([A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'%]+))""")
_CODE_PAGE = re.compile(rb"""<%[ \t]*@[^%]*?\bcodepage\s*=\s*["']?\s*([0-9]+)""", re.IGNORECASE)
#: `Python`, and the names that it has for Windows.
_PYTHON = re.compile(r"python(?:script)?[0-9.]*(?:\.axscript[0-9.]*)?", re.IGNORECASE)
_SWITCHES = {"true": True, "false": False, "readonly": True}


@dataclass(frozen=True)
class PageSettings:
    """What applies to a page."""

    code_page: CodePage = CODE_PAGES[UTF_8]
    #: None: that of the session.
    lcid: int | None = None
    #: The page has a session.
    has_session: bool = True


def find_code_page_of(content: bytes) -> CodePage:
    """The code page that a file names, before it can be decoded; one that is unknown is UTF-8."""
    found = _CODE_PAGE.search(content)
    number = UTF_8 if found is None else int(found[1][:9])
    return CODE_PAGES.get(number, CODE_PAGES[UTF_8])


def parse_attributes(text: str) -> dict[str, str]:
    """Values by names in lower case. Raises `ValueError`."""
    found: dict[str, str] = {}
    position = 0
    while match := _ATTRIBUTE.match(text, position):
        found[match[1].lower()] = next(value for value in match.groups()[1:] if value is not None)
        position = match.end()
    if text[position:].strip():
        raise ValueError(f"{text[position:].strip()[:40]!r} is none of name=value")
    return found


def check_language(language: str) -> None:
    """Raises `ValueError` if it is not Python."""
    if not _PYTHON.fullmatch(language.strip()):
        raise ValueError(f"the language is {language}, but only pages in Python can be served here")


def read_settings(directives: Iterable[dict[str, str]]) -> PageSettings:
    """The settings of all directives together. Raises `ValueError`."""
    settings = PageSettings()
    for attributes in directives:
        for name, value in attributes.items():
            settings = _apply(settings, name, value.strip())
    return settings


def _apply(settings: PageSettings, name: str, value: str) -> PageSettings:
    if name == "language":
        check_language(value)
    elif name == "codepage":
        return replace(settings, code_page=find_code_page(_number("CodePage", value)))
    elif name == "lcid":
        return replace(settings, lcid=_number("LCID", value))
    elif name == "enablesessionstate":
        switch = _SWITCHES.get(value.lower())
        if switch is None:
            raise ValueError(f"EnableSessionState is True or False, not {value!r}")
        return replace(settings, has_session=switch)
    elif name != "transaction":
        raise ValueError(f"there is no attribute {name}; there are {_NAMES}")
    return settings


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"{name} is a number, not {value!r}")
    return int(value)
