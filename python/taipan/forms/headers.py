"""Header fields of parts, and their parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from taipan.forms.charsets import resolve_charset
from taipan.forms.errors import FormError

_NAME: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
#: NUL, and a CR that ends no line.
_FORBIDDEN: Final = re.compile(rb"[\0\r]")
#: What stands after a semicolon. A quote behind a backslash neither begins nor ends a string.
_SEGMENT: Final = re.compile(r';((?:[^;"\\]+|\\"?|"(?:[^"\\]+|\\"?)*(?:"|\Z))*)')
#: Old browsers send the whole path.
_WINDOWS_PATH: Final = re.compile(r"(?:[A-Za-z]:)?\\")
_CONTROLS: Final = re.compile(r"[\0-\x1f\x7f]")
#: As browsers write it, when it needs no decoding.
_SIMPLE: Final = re.compile(
    r'form-data; name="([^"\\%]*)"(?:; filename="([^"\\%]*)")?', re.IGNORECASE
)


class PartHeaders(Mapping[str, str]):
    """The header of a part: names in any case, the first value where a name is repeated."""

    __slots__ = ("_first", "pairs")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        #: All fields, as they were sent.
        self.pairs = pairs
        self._first: dict[str, str] = {}
        for name, value in pairs:
            self._first.setdefault(name.lower(), value)

    def __getitem__(self, name: str) -> str:
        return self._first[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._first

    def __iter__(self) -> Iterator[str]:
        return iter(self._first)

    def __len__(self) -> int:
        return len(self._first)

    def __repr__(self) -> str:
        return f"PartHeaders({self.pairs!r})"


def parse_fields(lines: list[bytes]) -> list[tuple[bytes, bytes]]:
    """The fields that these lines without their ends are. Raises `FormError`."""
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if _FORBIDDEN.search(line):
            raise FormError("the header of a part has a NUL or a CR within a line")
        if line[:1] in (b" ", b"\t"):
            if not fields:
                raise FormError("the header of a part begins with a continuation line")
            name, value = fields[-1]
            fields[-1] = (name, value + b" " + line.strip(b" \t"))
            continue
        name, colon, value = line.partition(b":")
        if not colon or not _NAME.fullmatch(name):
            raise FormError(f"a line in the header of a part is no field: {line[:80]!r}")
        fields.append((name, value.strip(b" \t")))
    return fields


def decode_fields(fields: list[tuple[bytes, bytes]], encoding: str, errors: str) -> PartHeaders:
    """The fields as text. Raises `FormError`."""
    try:
        return PartHeaders(
            [(name.decode("ascii"), value.decode(encoding, errors)) for name, value in fields]
        )
    except UnicodeDecodeError as error:
        raise FormError(f"the header of a part is not {encoding}: {error}") from None


def parse_header(line: str) -> tuple[str, dict[str, str]]:
    """The value of a field like Content-Type, and its parameters."""
    if ";" not in line:
        return line.strip(), {}
    segments: list[str] = _SEGMENT.findall(";" + line)
    options: dict[str, str] = {}
    for segment in segments[1:]:
        name, equals, value = segment.partition("=")
        if equals:
            options[name.strip().lower()] = _unquote(value.strip())
    return segments[0].strip(), options


def parse_disposition(line: str) -> tuple[str, dict[str, str]]:
    """The value of Content-Disposition; `name` and `filename` as people chose them.

    Browsers write a quote as `%22`, some a whole path as the name of a file.
    `filename*` (RFC 8187) takes the place of `filename`.
    """
    simple = _SIMPLE.fullmatch(line)
    if simple is not None:
        name, filename = simple.groups()
        options = {"name": name} if filename is None else {"name": name, "filename": filename}
        return line[:9], options
    disposition, options = parse_header(line)
    for key in ("name", "filename"):
        if key in options:
            options[key] = options[key].replace("%22", '"')
    extended = _decode_extended(options.get("filename*", ""))
    if extended is not None:
        options["filename"] = extended
    if _WINDOWS_PATH.match(options.get("filename", "")):
        options["filename"] = options["filename"].rpartition("\\")[2]
    return disposition, options


def _unquote(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return value[1:-1].replace("\\\\", "\\").replace('\\"', '"')
    return value


def _decode_extended(value: str) -> str | None:
    """The text of `charset'language'percent-encoded`; None when it is none.

    Control characters could not come by `filename`, and could end a line of a response.
    """
    parts = value.split("'", 2)
    encoding = resolve_charset(parts[0])
    if len(parts) != 3 or encoding is None:
        return None
    try:
        text = unquote_to_bytes(parts[2]).decode(encoding)
    except UnicodeError:
        return None
    return None if _CONTROLS.search(text) else text
