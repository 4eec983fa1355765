"""Gets the bytes of a form from where they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from taipan.forms.errors import FormError
from taipan.forms.limits import FormUsage
from taipan.forms.multipart import Event, MultipartParser, PartBegin, PartEnd

_PIECE: Final = 64 * 1024


def read_body(fp: Any, length: int, usage: FormUsage) -> Iterator[bytes]:
    """Pieces of a body of this length, or to its end when that is negative."""
    if length > 0:
        usage.add_bytes(length)
    # What is there already is enough when nobody says how much will come.
    read = fp.read if length >= 0 else getattr(fp, "read1", fp.read)
    todo = length
    while todo:
        data = read(min(_PIECE, todo) if todo > 0 else _PIECE)
        if not isinstance(data, bytes):
            raise ValueError(f"{fp} should return bytes, got {type(data).__name__}")
        if not data:
            if todo > 0:
                raise FormError(f"the form ended after {length - todo} of {length} bytes")
            return
        if todo > 0:
            todo -= len(data)
        else:
            usage.add_bytes(len(data))
        yield data


class PartsReader:
    """The parts of a `multipart` body, one after the other; what is not read of one is skipped."""

    def __init__(self, pieces: Iterator[bytes], parser: MultipartParser, depth: int) -> None:
        #: 1 for the body itself.
        self.depth: Final = depth
        self.usage: Final = parser.usage
        self._events: Final = _generate_events(pieces, parser)
        self._in_part = False

    def __iter__(self) -> Iterator[PartBegin]:
        for event in self._events:
            if isinstance(event, PartBegin):
                self._in_part = True
                yield event

    def read_content(self) -> Iterator[bytes]:
        """The rest of the content of the part that came last."""
        while self._in_part:
            event = next(self._events)
            if isinstance(event, bytes):
                yield event
            else:
                self._in_part = not isinstance(event, PartEnd)


def _generate_events(pieces: Iterator[bytes], parser: MultipartParser) -> Iterator[Event]:
    for data in pieces:
        yield from parser.feed(data)
        if parser.finished:
            return
    yield from parser.close()
