"""Rules for response heads of all interfaces."""

from __future__ import annotations

import re
from typing import Any, Final

from taipan.frames import HEAD_CLOSE, HEAD_DATE, HEAD_LENGTH, HEAD_SERVER, HEAD_STANDS_IN

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_LENGTH = re.compile(r"[0-9]{1,15}")
_LENGTH_LINE = re.compile(rb"^Content-Length: [0-9]+\r\n", re.MULTILINE)
#: HTAB, printable ASCII and obs-text (RFC 9110, 5.5), for `translate`; other bytes are forbidden.
ALLOWED: Final = bytes([9, *range(0x20, 0x7F), *range(0x80, 0x100)])
#: Optional whitespace of fields (RFC 9110, 5.6.3).
_OWS: Final = "\t "
#: Fields of a single connection (RFC 9110, 7.6.1; PEP 3333), as in `src/core/field-syntax.ts`.
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
#: Flags of a HEAD frame for fields in it.
_FLAGS: Final = {"content-length": HEAD_LENGTH, "date": HEAD_DATE, "server": HEAD_SERVER}
#: Marks a response that only stands in for an answer, so that an error page may replace it.
STANDS_IN_FIELD: Final = ("X-Taipan-Stands-In", "1")
_STANDS_IN: Final = STANDS_IN_FIELD[0].lower()
#: Name of the field by which Node follows a redirect within the server.
LOCAL_REDIRECT: Final = "X-Taipan-Redirect"
#: Fields of responses that leave a request to Node: to its files, or to the next route.
PASS_TO_FILES: Final = ("X-Taipan-Pass", "files")
PASS_TO_NEXT: Final = ("X-Taipan-Pass", "next")
LENGTH_PREFIX: Final = "Content-Length: "
#: Longest head in bytes. A longer one is a mistake, and might not fit into a frame.
HEAD_LIMIT: Final = 16 * 1024 * 1024
#: Size of caches. Statuses and field names repeat, but applications can invent any number.
CACHE_LIMIT: Final = 1024


class Head:
    """A checked response head. Not to be changed: other responses have it, too."""

    # Slots are read in fewer steps than the fields of a named tuple.
    __slots__ = ("chunked", "dropped", "fields", "flags", "has_body", "length", "status")

    def __init__(
        self,
        status: int,
        flags: int,
        length: int | None,
        fields: bytes,
        *,
        chunked: bool = False,
        dropped: tuple[str, ...] = (),
    ) -> None:
        self.status = status
        #: HEAD flags for fields in the head.
        self.flags = flags
        #: Value of Content-Length; None without one.
        self.length = length
        #: Reason phrase and header lines, each ended by CRLF.
        self.fields = fields
        #: `Transfer-Encoding` names chunks, in which a WSGI application then sends its body.
        self.chunked = chunked
        #: Names of fields that were dropped, because the server sets them.
        self.dropped = dropped
        #: Responses with this status have a body, except to HEAD.
        self.has_body = status not in (204, 304)

    def with_length(self, length: int) -> Head:
        """The head with a Content-Length, if it has none and may have one."""
        if self.length is not None or not self.has_body:
            return self
        fields = self.fields + b"Content-Length: %d\r\n" % length
        flags = self.flags | HEAD_LENGTH
        return Head(self.status, flags, length, fields, chunked=self.chunked, dropped=self.dropped)


class SpecialFields:
    """Collects the fields that have a meaning for the server."""

    __slots__ = ("chunked", "dropped", "flags", "length", "named")

    def __init__(self) -> None:
        self.flags = 0
        self.length: int | None = None
        self.chunked = False
        self.dropped: tuple[str, ...] = ()
        #: Options of `Connection`, including names of fields.
        self.named: frozenset[str] = frozenset()

    def take(self, name: str, value: str) -> str | None:
        """The start of the line for a field; None when the field is dropped.

        Checks name and value, except the value of a field without meaning for the server.
        """
        lower = validate_name(name)
        if lower == "content-length":
            self.take_length(value)
            return LENGTH_PREFIX
        validate_value(name, value)
        if lower in HOP_BY_HOP:
            if lower == "transfer-encoding":
                self.chunked |= "chunked" in _split_options(value)
            elif lower == "connection":
                self._take_connection(value)
                return None
            self.dropped += (name,)
            return None
        if lower == "date":
            self.flags |= HEAD_DATE
        elif lower == "server":
            self.flags |= HEAD_SERVER
        elif lower == _STANDS_IN:
            self.flags |= HEAD_STANDS_IN
            return None
        return f"{name}: "

    def take_length(self, value: str) -> None:
        """Records the value of Content-Length."""
        if self.length is not None:
            raise ValueError("Content-Length is given twice")
        if _LENGTH.fullmatch(value) is None:
            raise ValueError(f"Content-Length {value!r} is not a number of bytes")
        self.length = int(value)
        self.flags |= HEAD_LENGTH

    def is_special(self, prefix: str) -> bool:
        """Whether the field with this start of a line must be taken each time."""
        return prefix[:-2].lower() in ("content-length", "date", "server")

    def settle(self, block: bytes) -> bytes:
        """The block without the lines of fields that `Connection` names (RFC 9110, 7.6.1)."""
        validate_block(block)
        return self._drop_named(block) if self.named else block

    def make_head(self, status: int, reason: bytes, block: bytes) -> Head:
        """The head with these fields; `block` is their lines."""
        block = self.settle(block)
        length, flags = self.length, self.flags
        if length is not None and (self.chunked or status == 204):
            # RFC 9112, 6.2 and RFC 9110, 8.6: both must not have it.
            block, flags, length = _LENGTH_LINE.sub(b"", block), flags & ~HEAD_LENGTH, None
        fields = reason + block
        return Head(status, flags, length, fields, chunked=self.chunked, dropped=self.dropped)

    def _take_connection(self, value: str) -> None:
        options = _split_options(value)
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
    """Raises `TypeError` or `ValueError` for an invalid value."""
    if not isinstance(value, str):
        raise TypeError(f"value of header {name} must be a str, not {kind_of(value)}: {value!r}")
    try:
        encoded = value.encode("latin-1")
    except UnicodeEncodeError:
        raise ValueError(f"value of header {name} is not latin-1: {value!r}") from None
    if encoded.translate(None, ALLOWED):
        raise ValueError(f"value of header {name} has characters that HTTP forbids: {value!r}")


def validate_block(block: bytes) -> None:
    """Raises `ValueError` for a block that is too long for clients."""
    if len(block) > HEAD_LIMIT:
        raise ValueError(f"the headers are longer than {HEAD_LIMIT} bytes: {len(block)}")


def is_field_value(text: str) -> bool:
    """Whether the text may be a field value or a reason phrase."""
    try:
        return not text.encode("latin-1").translate(None, ALLOWED)
    except UnicodeEncodeError:
        return False


def is_token(text: str) -> bool:
    """Whether the text is a token (RFC 9110, 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


def kind_of(value: object) -> str:
    """The name of the value's type."""
    return type(value).__name__


def _split_options(value: str) -> frozenset[str]:
    return frozenset(option.strip(_OWS) for option in value.lower().split(","))
