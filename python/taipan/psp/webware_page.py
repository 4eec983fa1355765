"""What the directives `<%@ page %>` of a page say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Callable, NoReturn

from taipan.psp.pieces import Piece, Place

Refuse = Callable[[Piece, str], NoReturn]

_START = Place(0, 1, 0)
_INDENT_TYPES = ("spaces", "tabs", "braces")
_MAX_SPACES = 40


@dataclass
class WebwareSettings:
    """The settings of a page."""

    #: Statements, and where they come from.
    imports: list[tuple[Place, str]] = field(default_factory=list)
    extends: list[str] = field(default_factory=lambda: ["Page"])
    extends_place: Place = _START
    method: str = "writeHTML"
    thread_safe: bool = False
    instance_safe: bool = True
    braces: bool = False
    tabs: bool = False
    spaces: int = 4
    gobbles: bool = True
    formatter: str = ""
    formatter_place: Place = _START

    @property
    def indent(self) -> str:
        """That of a block."""
        return "\t" if self.tabs else " " * self.spaces


def read_settings(pieces: Iterable[Piece], refuse: Refuse) -> WebwareSettings:
    """The settings of all directives together; the last one wins."""
    settings = WebwareSettings()
    for piece in pieces:
        if piece.kind == "page":
            for name, value in piece.attributes.items():
                _READERS[name](settings, value, piece, refuse)
        elif piece.kind == "method" and not piece.attributes["name"].isidentifier():
            refuse(piece, f"<psp:method>: {piece.attributes['name']!r} is no name of a method")
    return settings


def _read_imports(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    for one in value.split(","):
        module, colon, symbol = (part.strip() for part in one.partition(":"))
        if "\n" in module + symbol:
            refuse(piece, f"imports: {one!r} is no import")
        line = f"from {module} import {symbol}" if colon else f"import {module}"
        settings.imports.append((piece.place, line))


def _read_extends(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    settings.extends = [name.strip() for name in value.split(",")]
    settings.extends_place = piece.place
    for name in settings.extends:
        if not all(part.isidentifier() for part in name.split(".")):
            refuse(piece, f"extends: {name!r} is no name of a class")


def _read_method(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    if not value.isidentifier():
        refuse(piece, f"method: {value!r} is no name of a method")
    settings.method = value


def _read_thread_safe(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    settings.thread_safe = _is_on(value)


def _read_instance_safe(
    settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse
) -> None:
    settings.instance_safe = _is_on(value)


def _read_indent_type(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    kind = value.lower()
    if kind not in _INDENT_TYPES:
        refuse(piece, f"indentType: {value!r} is none of {', '.join(_INDENT_TYPES)}")
    settings.tabs = kind == "tabs"
    # Once on, braces stay on, as in Webware.
    settings.braces = settings.braces or kind == "braces"


def _read_indent_spaces(
    settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse
) -> None:
    if not re.fullmatch(r"[0-9]{1,2}", value.strip()) or not 1 <= int(value) <= _MAX_SPACES:
        refuse(piece, f"indentSpaces: {value!r} is no number from 1 to {_MAX_SPACES}")
    settings.spaces = int(value)


def _read_gobbles(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    settings.gobbles = settings.gobbles and _is_on(value)


def _read_formatter(settings: WebwareSettings, value: str, piece: Piece, refuse: Refuse) -> None:
    if "\n" in value:
        refuse(piece, "formatter: an expression of one line is wanted")
    settings.formatter = value
    settings.formatter_place = piece.place


def _is_on(value: str) -> bool:
    return value.lower() not in ("no", "false", "0")


_READERS: dict[str, Callable[[WebwareSettings, str, Piece, Refuse], None]] = {
    "imports": _read_imports,
    "extends": _read_extends,
    "method": _read_method,
    "isThreadSafe": _read_thread_safe,
    "isInstanceSafe": _read_instance_safe,
    "indentType": _read_indent_type,
    "indentSpaces": _read_indent_spaces,
    "gobbleWhitespace": _read_gobbles,
    "formatter": _read_formatter,
}
