"""Rules about response heads that every interface shares."""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from taipan.frames import HEAD_CLOSE, HEAD_DATE, HEAD_LENGTH, HEAD_SERVER

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_LENGTH_LINE = re.compile(rb"^Content-Length: [0-9]+\r\n", re.MULTILINE)
#: HTAB, printable ASCII and obs-text (RFC 9110, 5.5); whatever `translate` leaves is forbidden.
ALLOWED: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
#: Optional whitespace of fields (RFC 9110, 5.6.3).
_OWS: Final = "\t "
#: Fields that concern one connection (RFC 9110, 7.6.1; PEP 3333), as in `src/core/field-syntax.ts`.
HOP_BY_HOP: Final = frozenset(
    (
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    )
)
#: What a HEAD frame says of the fields inside.
_FLAGS: Final = {"content-length": HEAD_LENGTH, "date": HEAD_DATE, "server": HEAD_SERVER}
LENGTH_PREFIX: Final = "Content-Length: "
#: Lines of a head in bytes. What is longer is a mistake, and might not fit into a frame.
HEAD_LIMIT: Final = 16 * 1024 * 1024
#: Statuses and field names repeat; applications can make them up, so caches of them are bounded.
CACHE_LIMIT: Final = 1024


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

    @property
    def has_body(self) -> bool:
        """Answers to methods other than HEAD may carry a body with this status."""
        return self.status != 204 and self.status != 304

    def with_length(self, length: int) -> Head:
        """The same with a Content-Length, where there is none and one may be."""
        if self.length is not None or not self.has_body:
            return self
        fields = self.fields + b"Content-Length: %d\r\n" % length
        return self._replace(flags=self.flags | HEAD_LENGTH, length=length, fields=fields)


class SpecialFields:
    """The fields that mean something to the server, gathered."""

    __slots__ = ("chunked", "dropped", "flags", "length", "named")

    def __init__(self) -> None:
        self.flags = 0
        self.length: int | None = None
        self.chunked = False
        self.dropped: tuple[str, ...] = ()
        #: Options of `Connection`, among them names of fields.
        self.named: frozenset[str] = frozenset()

    def take(self, name: str, value: str) -> str | None:
        """What to write before the value; None when the field is not passed on.

        Both are checked, except the value of a field that means nothing to the server.
        """
        lower = validate_name(name)
        if lower == "content-length":
            self.take_length(value)
            return LENGTH_PREFIX
        validate_value(name, value)
        if lower in HOP_BY_HOP:
            if lower == "transfer-encoding":
                self.chunked = _parse_coding(value, self.chunked)
            elif lower == "connection":
                self._take_connection(value)
                return None
            self.dropped += (name,)
            return None
        if lower == "date":
            self.flags |= HEAD_DATE
        elif lower == "server":
            self.flags |= HEAD_SERVER
        return f"{name}: "

    def take_length(self, value: str) -> None:
        """The value of a Content-Length."""
        if self.length is not None:
            raise ValueError("Content-Length is given twice")
        if _LENGTH.fullmatch(value) is None:
            raise ValueError(f"Content-Length {value!r} is not a number of bytes")
        self.length = int(value)
        self.flags |= HEAD_LENGTH

    def is_special(self, prefix: str) -> bool:
        """The field that begins so must be looked at each time it comes."""
        return prefix[:-2].lower() in ("content-length", "date", "server")

    def settle(self, block: bytes) -> bytes:
        """The lines of a block without those that `Connection` names (RFC 9110, 7.6.1)."""
        validate_block(block)
        return self._drop_named(block) if self.named else block

    def make_head(self, status: int, reason: bytes, block: bytes) -> Head:
        """The head of these fields; `block` holds their lines."""
        block = self.settle(block)
        length, flags = self.length, self.flags
        if length is not None and (self.chunked or status == 204):
            # RFC 9112, 6.2 and RFC 9110, 8.6: neither may carry it.
            block, flags, length = _LENGTH_LINE.sub(b"", block), flags & ~HEAD_LENGTH, None
        return Head(status, flags, length, reason + block, self.chunked, self.dropped)

    def _take_connection(self, value: str) -> None:
        options = frozenset(option.strip(_OWS) for option in value.lower().split(","))
        if "close" in options:
            self.flags |= HEAD_CLOSE
        self.named |= options - HOP_BY_HOP

    def _drop_named(self, block: bytes) -> bytes:
        kept = []
        for line in block.splitlines(keepends=True):
            name = line.partition(b":")[0].decode("latin-1")
            if name.lower() in self.named:
                self.dropped += (name,)
            else:
                kept.append(line)
        if "content-length" in self.named:
            self.length = None
        self.flags &= ~sum(flag for name, flag in _FLAGS.items() if name in self.named)
        return b"".join(kept)


def validate_name(name: Any) -> str:
    """The name in lower case. Raises `TypeError` or `ValueError`."""
    if not isinstance(name, str):
        raise TypeError(f"header name {name!r} must be a str, not {kind_of(name)}")
    if _TOKEN.fullmatch(name) is None:
        raise ValueError(f"header name {name!r} has characters that HTTP forbids")
    return name.lower()


def validate_value(name: str, value: Any) -> None:
    """Raises `TypeError` or `ValueError`."""
    if not isinstance(value, str):
        raise TypeError(f"value of header {name} must be a str, not {kind_of(value)}: {value!r}")
    try:
        encoded = value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"value of header {name} is not latin-1: {value!r}") from None
    if encoded.translate(None, ALLOWED):
        raise ValueError(f"value of header {name} has characters that HTTP forbids: {value!r}")


def validate_block(block: bytes) -> None:
    """Raises `ValueError` for lines that no client would take."""
    if len(block) > HEAD_LIMIT:
        raise ValueError(f"the headers are longer than {HEAD_LIMIT} bytes: {len(block)}")


def is_field_value(text: str) -> bool:
    """May stand behind a field's name, or a status."""
    try:
        return not text.encode("latin-1").translate(None, ALLOWED)
    except UnicodeEncodeError:
        return False


def is_token(text: str) -> bool:
    """A token as RFC 9110, 5.6.2 has it."""
    return _TOKEN.fullmatch(text) is not None


def kind_of(value: object) -> str:
    """The name of its type."""
    return type(value).__name__


def _parse_coding(value: str, earlier: bool) -> bool:
    coding = value.strip(_OWS).lower()
    if coding == "identity":
        return earlier
    if coding != "chunked" or earlier:
        raise ValueError(
            f"Transfer-Encoding {value!r} is not supported; leave framing to the server"
        )
    return True
