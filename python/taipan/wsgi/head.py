"""Checks the arguments of `start_response` and encodes them for frames."""

from __future__ import annotations

import re
from typing import Any

from taipan.fields import (
    ALLOWED,
    CACHE_LIMIT,
    LENGTH_PREFIX,
    Head,
    SpecialFields,
    is_field_value,
    kind_of,
    validate_name,
    validate_value,
)

_STATUS = re.compile(r"([2-5][0-9][0-9]) (.*)", re.DOTALL)

_statuses: dict[str, tuple[int, bytes]] = {}
_prefixes: dict[str, str] = {}


#: Heads by their input, because applications repeat them.
_heads: dict[Any, Head] = {}
_KEPT_FIELDS = 8
_KEPT_BYTES = 512


def make_head(status: Any, headers: Any) -> Head:
    """Encodes a head. Raises `TypeError` or `ValueError` for whatever PEP 3333 or HTTP forbids."""
    if type(headers) is not list or len(headers) > _KEPT_FIELDS:
        return _make_head(status, headers)
    try:
        key = (status, *headers)
        head = _heads.get(key)
    except TypeError:  # something in it cannot be hashed
        return _make_head(status, headers)
    if head is None:
        head = _make_head(status, headers)
        if len(head.fields) <= _KEPT_BYTES:
            if len(_heads) >= CACHE_LIMIT:
                _heads.clear()
            _heads[key] = head
    return head


def _make_head(status: Any, headers: Any) -> Head:
    known = _statuses.get(status) if type(status) is str else None
    code, reason = known if known is not None else _parse_status(status)
    if type(headers) is not list and not isinstance(headers, list):
        raise TypeError(f"headers must be a list of (name, value) tuples, not {kind_of(headers)}")
    special = SpecialFields()
    parts: list[str] = []
    try:
        for item in headers:
            if type(item) is not tuple:
                _require_tuple(item)
            name, value = item
            prefix = _prefixes.get(name) or _take(special, name, value)
            if prefix is not None:
                parts += prefix, value, "\r\n"
        block = "".join(parts).encode("latin-1")
    except (TypeError, ValueError) as error:
        raise (_find_fault(headers) or error) from None
    if block.translate(None, ALLOWED) != b"\r\n" * (len(parts) // 3):
        raise _find_fault(headers) or ValueError("a header has characters that HTTP forbids")
    return special.make_head(code, reason, block)


def _take(special: SpecialFields, name: str, value: str) -> str | None:
    if name == "Content-Length":
        special.take_length(value)
        return LENGTH_PREFIX
    prefix = special.take(name, value)
    if prefix is not None and len(_prefixes) < CACHE_LIMIT and not special.is_special(prefix):
        _prefixes[name] = prefix
    return prefix


def _parse_status(status: Any) -> tuple[int, bytes]:
    if not isinstance(status, str):
        raise TypeError(f"status must be a str like '200 OK', not {kind_of(status)}")
    match = _STATUS.fullmatch(status)
    if match is None or not is_field_value(match[2]):
        raise ValueError(
            f"status {status!r} must be a number from 200 to 599, a space and a reason phrase"
        )
    parsed = int(match[1]), match[2].encode("latin-1") + b"\r\n"
    if len(_statuses) < CACHE_LIMIT and len(status) < 100:
        _statuses[str(status)] = parsed
    return parsed


def _require_tuple(item: Any) -> None:
    if not isinstance(item, tuple):
        raise TypeError(f"headers must be (name, value) tuples, not {kind_of(item)}: {item!r}")


def _find_fault(headers: list[Any]) -> Exception | None:
    """The error of the first invalid header; None if each one is valid."""
    try:
        for item in headers:
            _require_tuple(item)
            if len(item) != 2:
                return ValueError(f"a header must have a name and a value: {item!r}")
            validate_name(item[0])
            validate_value(item[0], item[1])
    except (TypeError, ValueError) as error:
        return error.with_traceback(None)
    return None
