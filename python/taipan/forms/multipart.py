"""Reads `multipart` (RFC 2046, RFC 7578) without I/O: bytes in, events out."""

from __future__ import annotations

import re
from typing import Callable, Final, Union

from taipan.forms.errors import TOO_LARGE, FormError
from taipan.forms.headers import PartHeaders, decode_fields, parse_fields
from taipan.forms.limits import FormLimits, FormUsage

#: As `cgi` had it. RFC 2046 has fewer characters, and 70 of them.
_BOUNDARY: Final = re.compile(rb"[ -~]{0,200}[!-~]")
#: The rest of the line of a delimiter (RFC 2046, 5.1.1: transport-padding).
_LINE_END: Final = re.compile(rb"[ \t]{0,128}\r?\n")
_LINE_END_BEGINS: Final = re.compile(rb"(?:-|[ \t]{0,128}\r?)\Z")
_CR: Final = 0x0D
#: More bytes are needed.
_MORE: Final = -1


class PartBegin:
    """A part begins, with this header."""

    __slots__ = ("fields",)

    def __init__(self, fields: list[tuple[bytes, bytes]]) -> None:
        #: Names and values, in their order.
        self.fields = fields

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> PartHeaders:
        """The header as text. Raises `FormError`, if `errors` is `strict`."""
        return decode_fields(self.fields, encoding, errors)

    def __repr__(self) -> str:
        return f"PartBegin({self.fields!r})"


class PartEnd:
    """The content of a part is complete."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "PART_END"


PART_END: Final = PartEnd()
#: `PartBegin`, pieces of the content, `PART_END`.
Event = Union[PartBegin, bytes, PartEnd]


class MultipartParser:
    """Turns the bytes of a body into events, however they are cut.

    Lines may end by LF alone, as from clients that are no browsers.
    What stands before the first delimiter and behind the last one is left out.
    """

    def __init__(
        self, boundary: bytes, limits: FormLimits | None = None, usage: FormUsage | None = None
    ) -> None:
        """`usage` is that of the form which the body is a part of; the form counts the bytes."""
        if not _BOUNDARY.fullmatch(boundary):
            raise FormError(f"no valid boundary for multipart: {boundary[:80]!r}")
        #: The last delimiter was read; what follows has no meaning.
        self.finished = False
        self._delimiter: Final = b"\n--" + boundary
        self._counts_bytes: Final = usage is None
        self.usage: Final = usage or FormUsage(limits or FormLimits())
        self._take: Callable[[bytes, int, list[Event]], int] = self._take_content
        self._in_part = False
        # A delimiter needs a line break before it, except at the very beginning.
        self._held = b"\n"
        #: How many of the held bytes are no content, whatever follows.
        self._skipped = 1
        self._lines: list[bytes] = []
        self._line = bytearray()
        self._header_size = 0
        self._is_empty = True

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete. Raises `FormError`."""
        events: list[Event] = []
        if self._counts_bytes:
            self.usage.add_bytes(len(data))
        if self.finished or not data:
            return events
        self._is_empty = False
        data = self._held + data if self._held else bytes(data)
        self._held = b""
        at = 0
        while at != _MORE:
            at = self._take(data, at, events)
        return events

    def close(self) -> list[Event]:
        """The last events. Raises `FormError` when a part is incomplete.

        As `cgi` has it, a body without anything is a form without fields, and the last
        delimiter may be any delimiter.
        """
        events: list[Event] = []
        if self.finished or self._is_empty:
            return events
        if self._take == self._take_content:
            held = self._held[1:] if self._held[:1] == b"\r" else self._held
            if not held.startswith(self._delimiter):
                raise FormError("the form ends within a part, or has none")
            if self._in_part:
                events.append(PART_END)
        elif self._lines or self._line:
            raise FormError("the form ends within the header of a part")
        self.finished = True
        return events

    def _take_content(self, data: bytes, at: int, events: list[Event]) -> int:
        start = at + self._skipped
        delimiter, search = self._delimiter, at
        while (found := data.find(delimiter, search)) >= 0:
            behind = found + len(delimiter)
            line_end = _LINE_END.match(data, behind)
            if line_end or data.startswith(b"--", behind):
                self._end_content(data[start : _before_cr(data, found, at)], events)
                if line_end:
                    self._take = self._take_header
                    return line_end.end()
                self.finished = True
                return _MORE
            if _LINE_END_BEGINS.match(data, behind):
                return self._hold(data, at, _before_cr(data, found, at), events)
            search = found + 1
        return self._hold(data, at, self._find_held(data, at), events)

    def _find_held(self, data: bytes, at: int) -> int:
        """Where a delimiter may begin that is not complete."""
        size = len(data)
        # There is no other LF in a delimiter.
        last = data.rfind(b"\n", max(at, size - len(self._delimiter) + 1))
        if last >= 0 and self._delimiter.startswith(data[last:]):
            return _before_cr(data, last, at)
        return size - 1 if data.endswith(b"\r") and size > at + self._skipped else size

    def _hold(self, data: bytes, at: int, held: int, events: list[Event]) -> int:
        start = at + self._skipped
        if held < start:
            self._held = data[at:]
            return _MORE
        if self._in_part and held > start:
            events.append(data[start:held])
        self._held = data[held:]
        self._skipped = 0
        return _MORE

    def _end_content(self, rest: bytes, events: list[Event]) -> None:
        if self._in_part:
            if rest:
                events.append(rest)
            events.append(PART_END)
        self._in_part = False
        self._skipped = 0

    def _take_header(self, data: bytes, at: int, events: list[Event]) -> int:
        while end := data.find(b"\n", at) + 1:
            self._count_header(end - at)
            line = data[at:end]
            if self._line:
                line = bytes(self._line) + line
                self._line.clear()
            line = line[:-2] if line.endswith(b"\r\n") else line[:-1]
            if not line:
                self._begin_part(events)
                # The end of this line is the break before a delimiter that follows at once.
                return end - 1
            self._lines.append(line)
            at = end
        self._count_header(len(data) - at)
        self._line += data[at:]
        return _MORE

    def _begin_part(self, events: list[Event]) -> None:
        self.usage.add_part()
        events.append(PartBegin(parse_fields(self._lines)))
        self._lines = []
        self._header_size = 0
        self._take = self._take_content
        self._in_part = True
        self._skipped = 1

    def _count_header(self, count: int) -> None:
        self._header_size += count
        limit = self.usage.limits.header
        if self._header_size > limit:
            raise FormError(
                f"the header of a part is longer than {limit} bytes (FormLimits.header)", TOO_LARGE
            )


def _before_cr(data: bytes, at: int, least: int) -> int:
    """`at`, or the place of a CR before it."""
    return at - 1 if at > least and data[at - 1] == _CR else at
