"""Checks what `start_response` was given and makes the block that goes over the wire."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from taipan.frames import HEAD_CLOSE, HEAD_DATE, HEAD_LENGTH, HEAD_SERVER

_STATUS = re.compile(r"([2-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)")
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_LENGTH_LINE = re.compile(rb"^Content-Length: [0-9]+\r\n", re.MULTILINE)
_CLOSE = re.compile(r"(?:^|[\s,])close(?:$|[\s,])", re.IGNORECASE)
# HTAB, printable ASCII and obs-text (RFC 9110, 5.5); whatever `translate` leaves is forbidden.
_ALLOWED: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
_HOP_BY_HOP: Final = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    )
)
_CACHE_LIMIT: Final = 1024

# Status strings and field names repeat; applications can make them up, so both are bounded.
_statuses: dict[str, tuple[int, bytes]] = {}
_prefixes: dict[str, str] = {}


class Head(NamedTuple):
    """A checked response head."""

    status: int
    #: HEAD flags: which fields are inside.
    flags: int
    #: The Content-Length among the fields; None without one.
    length: int | None
    #: Reason phrase and header lines, each ended by CRLF.
    fields: bytes
    #: The application frames its body in chunks itself.
    chunked: bool
    #: Names that were left out because they belong to the server.
    dropped: tuple[str, ...]


class _Special:
    """The fields that mean something to the server, gathered."""

    __slots__ = ("chunked", "dropped", "flags", "length")

    def __init__(self) -> None:
        self.flags = 0
        self.length: int | None = None
        self.chunked = False
        self.dropped: tuple[str, ...] = ()

    def take(self, name: str, value: str) -> str | None:
        """What to write before the value; None when the field is not passed on."""
        lower = "content-length" if name == "Content-Length" else _validate_name(name)
        if lower == "content-length":
            self.length = _parse_length(value, self.length)
            self.flags |= HEAD_LENGTH
            return "Content-Length: "
        _validate_value(name, value)
        if lower in _HOP_BY_HOP:
            if lower == "transfer-encoding":
                self.chunked = _parse_coding(value, self.chunked)
            elif lower == "connection":
                self.flags |= HEAD_CLOSE if _CLOSE.search(value) else 0
                return None
            self.dropped += (name,)
            return None
        if lower == "date":
            self.flags |= HEAD_DATE
        elif lower == "server":
            self.flags |= HEAD_SERVER
        elif len(_prefixes) < _CACHE_LIMIT:
            _prefixes[name] = f"{name}: "
        return f"{name}: "


def make_head(status: Any, headers: Any) -> Head:
    """Raises `TypeError` or `ValueError` for whatever PEP 3333 or HTTP forbids."""
    known = _statuses.get(status) if type(status) is str else None
    code, reason = known if known is not None else _parse_status(status)
    if type(headers) is not list and not isinstance(headers, list):
        raise TypeError(f"headers must be a list of (name, value) tuples, not {_kind(headers)}")
    special = _Special()
    parts: list[str] = []
    try:
        for item in headers:
            if type(item) is not tuple:
                _require_tuple(item)
            name, value = item
            prefix = _prefixes.get(name) or special.take(name, value)
            if prefix is not None:
                parts += prefix, value, "\r\n"
        block = "".join(parts).encode("latin-1")
    except (TypeError, ValueError) as error:
        raise (_find_fault(headers) or error) from None
    if block.translate(None, _ALLOWED) != b"\r\n" * (len(parts) // 3):
        raise _find_fault(headers) or ValueError("a header has characters that HTTP forbids")
    length, flags = special.length, special.flags
    if length is not None and (special.chunked or code == 204):
        # RFC 9112, 6.2 and RFC 9110, 8.6: neither may carry it.
        block, flags, length = _LENGTH_LINE.sub(b"", block), flags & ~HEAD_LENGTH, None
    return Head(code, flags, length, reason + block, special.chunked, special.dropped)


def _parse_status(status: Any) -> tuple[int, bytes]:
    if not isinstance(status, str):
        raise TypeError(f"status must be a str like '200 OK', not {_kind(status)}")
    match = _STATUS.fullmatch(status)
    if match is None:
        raise ValueError(
            f"status {status!r} must be a number from 200 to 599, a space and a reason phrase"
        )
    parsed = int(match[1]), match[2].encode("latin-1") + b"\r\n"
    if len(_statuses) < _CACHE_LIMIT and len(status) < 100:
        _statuses[str(status)] = parsed
    return parsed


def _validate_name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"header name {name!r} must be a str, not {_kind(name)}")
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"header name {name!r} has characters that HTTP forbids")
    return name.lower()


def _validate_value(name: str, value: Any) -> None:
    _require_str(name, value)
    try:
        encoded = value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"value of header {name} is not latin-1: {value!r}") from None
    if encoded.translate(None, _ALLOWED):
        raise ValueError(f"value of header {name} has characters that HTTP forbids: {value!r}")


def _require_str(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise TypeError(f"value of header {name} must be a str, not {_kind(value)}: {value!r}")


def _require_tuple(item: Any) -> None:
    if not isinstance(item, tuple):
        raise TypeError(f"headers must be (name, value) tuples, not {_kind(item)}: {item!r}")


def _parse_length(value: str, earlier: int | None) -> int:
    if earlier is not None:
        raise ValueError("Content-Length is given twice")
    if _LENGTH.fullmatch(value) is None:
        raise ValueError(f"Content-Length {value!r} is not a number of bytes")
    return int(value)


def _parse_coding(value: str, earlier: bool) -> bool:
    coding = value.strip().lower()
    if coding == "identity":
        return earlier
    if coding != "chunked" or earlier:
        raise ValueError(
            f"Transfer-Encoding {value!r} is not supported; leave framing to the server"
        )
    return True


def _find_fault(headers: list[Any]) -> Exception | None:
    """What is wrong with the first bad header; None when each by itself is right."""
    try:
        for item in headers:
            _require_tuple(item)
            if len(item) != 2:
                return ValueError(f"a header must have a name and a value: {item!r}")
            _validate_name(item[0])
            _validate_value(item[0], item[1])
    except (TypeError, ValueError) as error:
        return error.with_traceback(None)
    return None


def _kind(value: object) -> str:
    return type(value).__name__
