"""Reads `application/x-www-form-urlencoded` without I/O: bytes in, pairs out."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from taipan.forms.charsets import CHARSET_FIELD, resolve_charset
from taipan.forms.errors import FormError
from taipan.forms.limits import FormLimits, FormUsage


class UrlencodedParser:
    """Turns the bytes of a form into pairs of name and value, however they are cut.

    `keep_blank_values` and `strict_parsing` mean what they mean to `urllib.parse.parse_qsl`.
    A field `_charset_` gives the charset of those behind it.
    """

    def __init__(self, limits: FormLimits | None = None, usage: FormUsage | None = None) -> None:
        """`usage` is that of the form which the bytes are a part of; the form counts the bytes."""
        #: May be changed before the first bytes.
        self.encoding = "utf-8"
        self.errors = "replace"
        self.separator: str | bytes = "&"
        self.keep_blank_values = False
        self.strict_parsing = False
        self._counts_bytes: Final = usage is None
        self._usage: Final = usage or FormUsage(limits or FormLimits())
        self._rest = bytearray()
        self._is_empty = True

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """The fields that these bytes complete. Raises `FormError`."""
        if self._counts_bytes:
            self._usage.add_bytes(len(data))
        self._usage.add_memory(len(data))
        self._is_empty = self._is_empty and not data
        separator = self._separator()
        # One of several bytes could stand at two places.
        end = data.rfind(separator) if len(separator) == 1 else -1
        if end < 0:
            self._rest += data
            return []
        whole = bytes(self._rest) + data[:end]
        self._rest[:] = data[end + 1 :]
        return self._parse(whole, separator)

    def close(self) -> list[tuple[str, str]]:
        """The last fields. Raises `FormError`."""
        rest = bytes(self._rest)
        self._rest.clear()
        return [] if self._is_empty else self._parse(rest, self._separator())

    def _separator(self) -> bytes:
        separator = self.separator
        if not separator or not isinstance(separator, (str, bytes)):
            raise ValueError("Separator must be of type string or bytes.")
        return separator.encode() if isinstance(separator, str) else separator

    def _parse(self, data: bytes, separator: bytes) -> list[tuple[str, str]]:
        self._usage.add_fields(data.count(separator) + 1)
        pairs = (self._parse_field(field) for field in data.split(separator))
        return [pair for pair in pairs if pair is not None]

    def _parse_field(self, field: bytes) -> tuple[str, str] | None:
        name, equals, value = field.partition(b"=")
        if not equals:
            if self.strict_parsing:
                raise FormError(f"bad query field: {field.decode(self.encoding, 'replace')!r}")
            if not field:
                return None
        if not value and not self.keep_blank_values:
            return None
        pair = self._decode(name), self._decode(value)
        if pair[0] == CHARSET_FIELD:
            self.encoding = resolve_charset(pair[1]) or self.encoding
        return pair

    def _decode(self, text: bytes) -> str:
        try:
            plain = text.decode(self.encoding, self.errors)
            if "+" in plain:
                plain = plain.replace("+", " ")
            return unquote(plain, self.encoding, self.errors) if "%" in plain else plain
        except UnicodeDecodeError as error:
            raise FormError(f"a field is not {self.encoding}: {error}") from None
