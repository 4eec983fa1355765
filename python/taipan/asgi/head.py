"""Checks the fields from applications and encodes them for frames."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from taipan.fields import (
    ALLOWED,
    CACHE_LIMIT,
    LENGTH_PREFIX,
    Head,
    SpecialFields,
    kind_of,
    validate_name,
    validate_value,
)

_LENGTH_PREFIX: Final = LENGTH_PREFIX.encode()
_reasons: Final = {
    int(status): status.phrase.encode("latin-1") + b"\r\n" for status in HTTPStatus if status >= 200
}
#: Encoded names of fields that have no meaning for the server.
_prefixes: dict[bytes, bytes] = {}
#: Heads by their input, because applications repeat them. Heads that always differ gain nothing.
_heads: dict[Any, Head] = {}
_HEADS_LIMIT: Final = 256
_CACHED_BYTES: Final = 1024
#: Fields that are forbidden in trailers (RFC 9110, 6.5.1).
_NO_TRAILERS: Final = frozenset(
    (
        "authorization",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "host",
        "max-forwards",
        "set-cookie",
        "trailer",
        "www-authenticate",
    )
)
#: Fields of a WebSocket handshake that the server sets.
_HANDSHAKE: Final = frozenset(
    ("content-length", "sec-websocket-accept", "sec-websocket-extensions", "sec-websocket-version")
)


def make_head(status: Any, headers: Any) -> Head:
    """Encodes a head. Raises `TypeError` or `ValueError` for whatever ASGI or HTTP forbids."""
    if type(status) is not int:
        status = _require_status(status)
    if type(headers) is not list:
        headers = _as_list(headers)
    key = (status, *headers)
    try:
        head = _heads.get(key)
    except (TypeError, ValueError):
        # Not hashable, such as a list, or of a wrong type, which the check reports.
        return _check_head(status, headers)
    if head is None:
        head = _check_head(status, headers)
        if len(_heads) >= _HEADS_LIMIT:
            _heads.clear()
        if len(head.fields) <= _CACHED_BYTES:
            _heads[key] = head
    return head


def _check_head(status: int, headers: Any) -> Head:
    if not 200 <= status <= 599:
        raise ValueError(f"status {status} must be from 200 to 599")
    block, special = _join(headers)
    # ASGI forbids applications to send chunks themselves, whatever they announce.
    special.chunked = False
    return special.make_head(status, _reasons.get(status, b"\r\n"), block)


def make_trailers(headers: Any) -> bytes:
    """Encodes the lines of trailers. Raises `TypeError` or `ValueError`."""
    headers = _as_bytes(_as_list(headers))
    for item in headers:
        if len(item) == 2 and isinstance(item[0], bytes):
            name = item[0].decode("latin-1").lower()
            if name in _NO_TRAILERS:
                raise ValueError(f"{name} must not be a trailer")
    return _limited(headers)


def make_handshake(headers: Any) -> bytes:
    """Encodes the header lines of a WebSocket handshake. Raises `TypeError` or `ValueError`."""
    kept = []
    for item in _as_bytes(_as_list(headers)):
        name = item[0].lower() if len(item) == 2 and isinstance(item[0], bytes) else b""
        if name == b"sec-websocket-protocol":
            raise ValueError("name the subprotocol of websocket.accept by its key 'subprotocol'")
        if name.decode("latin-1") not in _HANDSHAKE:
            kept.append(item)
    return _limited(kept)


def make_links(links: Any) -> bytes:
    """Encodes the lines of a 103 response. Raises `TypeError` or `ValueError`."""
    return _limited([(b"link", link) for link in _as_list(links, "links")])


def _limited(headers: list[Any]) -> bytes:
    block, special = _join(headers)
    return special.settle(block)


def _join(headers: Any) -> tuple[bytes, SpecialFields]:
    """The encoded lines, and the fields with a meaning for the server."""
    if type(headers) is not list:
        headers = _as_list(headers)
    special = SpecialFields()
    parts: list[bytes] = []
    prefixes = _prefixes
    try:
        for name, value in headers:
            prefix = prefixes.get(name) or _take(special, name, value)
            if prefix:
                parts += prefix, value, b"\r\n"
        block = b"".join(parts)
    except (TypeError, ValueError) as error:
        plain = _as_bytes(headers)
        if plain is not headers:
            return _join(plain)
        raise (_find_fault(headers) or error) from None
    if block.translate(None, ALLOWED) != b"\r\n" * (len(parts) // 3):
        raise _find_fault(headers) or ValueError("a header has characters that HTTP forbids")
    return block, special


def _take(special: SpecialFields, name: bytes, value: bytes) -> bytes:
    """The start of the line; empty for a field that is dropped."""
    if name == b"content-length":
        special.take_length(_decode(value, "value of header content-length"))
        return _LENGTH_PREFIX
    text = _decode(name, "header name")
    content = _decode(value, f"value of header {text}")
    prefix = special.take(text, content)
    if prefix is None:
        return b""
    encoded = prefix.encode("latin-1")
    if len(_prefixes) < CACHE_LIMIT and not special.is_special(prefix):
        _prefixes[name] = encoded
    return encoded


def _decode(value: Any, what: str) -> str:
    if not isinstance(value, bytes):
        raise TypeError(f"{what} must be bytes, not {kind_of(value)}: {value!r}")
    return value.decode("latin-1")


def _require_status(status: Any) -> int:
    if not isinstance(status, int) or isinstance(status, bool):
        raise TypeError(f"status must be an int, not {kind_of(status)}: {status!r}")
    return int(status)


def _as_list(headers: Any, what: str = "headers") -> list[Any]:
    if isinstance(headers, (str, bytes, dict)):
        raise TypeError(f"{what} must be an iterable of pairs of bytes, not {kind_of(headers)}")
    try:
        return list(headers)
    except TypeError:
        raise TypeError(f"{what} must be an iterable, not {kind_of(headers)}") from None


def _as_bytes(headers: list[Any]) -> list[Any]:
    """The headers with bytes-like values converted to bytes; the same object if there are none."""
    like = (bytearray, memoryview)
    if not any(isinstance(part, like) for item in headers if _is_pair(item) for part in item):
        return headers
    return [
        tuple(bytes(part) if isinstance(part, like) else part for part in item)
        if _is_pair(item)
        else item
        for item in headers
    ]


def _is_pair(item: Any) -> bool:
    return isinstance(item, (tuple, list)) and len(item) == 2


def _find_fault(headers: list[Any]) -> Exception | None:
    """The error of the first invalid header; None if each one is valid."""
    try:
        for item in headers:
            if isinstance(item, (str, bytes)) or not hasattr(item, "__len__") or len(item) != 2:
                return TypeError(f"a header must be a pair of bytes: {item!r}")
            name, value = item
            text = _decode(name, "header name")
            validate_name(text)
            validate_value(text, _decode(value, f"value of header {text}"))
    except (TypeError, ValueError) as error:
        return error.with_traceback(None)
    return None
