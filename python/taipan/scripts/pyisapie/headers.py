"""Header lines as `Header()` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus

from taipan.fields import HOP_BY_HOP, validate_name, validate_value

Fields = list[tuple[str, str]]

_STATUSES = {int(status): status.phrase for status in HTTPStatus if status >= 200}


def parse_headers(value: object) -> Fields:
    """Names and values of a line, of a pair, or of several. Raises `ValueError`."""
    if isinstance(value, str):
        return [_parse_line(value)] if value else []
    if isinstance(value, Mapping):
        return [_make_pair(item) for item in value.items()]
    if not isinstance(value, Iterable) or isinstance(value, (bytes, bytearray)):
        raise ValueError(f"headers are a text like 'Name: value', or a list of such, not {value!r}")
    items = list(value)
    if _is_pair(items):
        return [_make_pair(items)]
    return [
        _parse_line(item) if isinstance(item, str) else _make_pair(item)
        for item in items
        if item != ""
    ]


def parse_status(value: object) -> str:
    """The status line of a number. Raises `ValueError`."""
    phrase = _STATUSES.get(value) if type(value) is int else None
    if phrase is None:
        raise ValueError(f"Invalid status code: {value!r}")
    return f"{value} {phrase}"


def _is_pair(items: list[object]) -> bool:
    """Two texts, of which the first one is no line."""
    return (
        len(items) == 2
        and all(isinstance(item, str) for item in items)
        and ":" not in str(items[0])
    )


def _parse_line(line: str) -> tuple[str, str]:
    name, colon, value = line.rstrip("\r\n").partition(":")
    if not colon:
        raise ValueError(f"{line!r} is no header; write it like 'Name: value'")
    return _make_pair((name, value.strip(" \t")))


def _make_pair(item: object) -> tuple[str, str]:
    if not isinstance(item, (tuple, list)) or len(item) != 2:
        raise ValueError(f"{item!r} is no header; write it like 'Name: value'")
    name, value = (_to_latin_1(part) for part in item)
    lower = validate_name(name)
    validate_value(name, value)
    if lower in HOP_BY_HOP and lower != "connection":
        raise ValueError(f"{name} concerns the connection, which the server sets")
    return name, value


def _to_latin_1(part: object) -> str:
    """Text as fields have it: bytes in latin-1."""
    text = str(part)
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("latin-1")
