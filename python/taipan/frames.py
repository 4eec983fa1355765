"""The frames between Node and a worker; see `docs/frames.md` and `src/wire/frames.ts`."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

REQUEST: Final = 1
BODY: Final = 2
BROKEN: Final = 3
OPENED: Final = 4
WINDOW: Final = 5
MESSAGE: Final = 6
CLOSE: Final = 7
HEAD: Final = 16
DATA: Final = 17
PULL: Final = 18
FILE: Final = 19
FREE: Final = 20
ABORT: Final = 21
HINTS: Final = 22
TRAILERS: Final = 23
ACCEPT: Final = 24
ANSWER: Final = 25
CONTROL: Final = 32

BODY_LAST: Final = 1
BROKEN_CANCEL: Final = 1
BROKEN_HALF: Final = 2
OPENED_OK: Final = 1
HEAD_DATE: Final = 1
HEAD_SERVER: Final = 2
HEAD_CLOSE: Final = 4
HEAD_LENGTH: Final = 8
HEAD_STANDS_IN: Final = 16
HEAD_EXPLAINS: Final = 32
DATA_LAST: Final = 1
DATA_FREE: Final = 2
ANSWER_FREE: Final = 2
ABORT_DIED: Final = 1
ABORT_FREE: Final = 2
MESSAGE_LAST: Final = 1
MESSAGE_TEXT: Final = 4

HEADER: Final = struct.Struct("<BBHI")
#: Header of a HEAD frame, with the Content-Length at the start of its payload.
HEAD_HEADER: Final = struct.Struct("<BBHIQ")
#: The same for an event loop, with status and Content-Length.
STREAM_HEAD_HEADER: Final = struct.Struct("<BBHIHQ")
#: Header of an ANSWER frame: status, flags of HEAD, Content-Length and the length of the lines.
ANSWER_HEADER: Final = struct.Struct("<BBHIHBQI")
#: Length of its part that belongs to the payload.
ANSWER_PREFIX: Final = ANSWER_HEADER.size - HEADER.size
WINDOW_PAYLOAD: Final = struct.Struct("<I")
CLOSE_PAYLOAD: Final = struct.Struct("<H")
PULL_PAYLOAD: Final = struct.Struct("<I")
FILE_PAYLOAD: Final = struct.Struct("<IQQ")

HEADER_BYTES: Final = 8
#: What a WebSocket message counts in addition to its bytes.
MESSAGE_COST: Final = 64
PAYLOAD_LIMIT: Final = 64 * 1024 * 1024
_REASON_BYTES: Final = 1024


class FrameError(Exception):
    """The other side broke the format; the rest of the stream is unusable."""


class Frame(NamedTuple):
    """A complete frame."""

    kind: int
    flags: int
    tag: int
    payload: bytes


def encode(kind: int, flags: int = 0, payload: bytes = b"", tag: int = 0) -> bytes:
    """Encodes a frame."""
    if len(payload) > PAYLOAD_LIMIT:
        raise FrameError(f"a frame of type {kind} would hold {len(payload)} bytes")
    return HEADER.pack(kind, flags, tag, len(payload)) + payload


def encode_reason(reason: str) -> bytes:
    """The payload of ABORT."""
    return reason.encode("utf-8", "replace")[:_REASON_BYTES]


class Decoder:
    """Splits a byte stream into frames."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no frame is incomplete."""
        return not self._pending

    def missing(self) -> int:
        """Least number of bytes that complete the next frame; 0 when one is complete."""
        pending = self._pending
        if len(pending) < HEADER_BYTES:
            return HEADER_BYTES - len(pending)
        length: int = HEADER.unpack_from(pending)[3]
        if length > PAYLOAD_LIMIT:
            raise FrameError(f"a frame of type {pending[0]} announces {length} bytes")
        return max(0, HEADER_BYTES + length - len(pending))

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Adds the next bytes of the stream."""
        self._pending += data

    def take(self) -> Frame | None:
        """Removes and returns the first complete frame; None when there is none."""
        if self.missing():
            return None
        pending = self._pending
        kind, flags, tag, length = HEADER.unpack_from(pending)
        end = HEADER_BYTES + length
        payload = bytes(memoryview(pending)[HEADER_BYTES:end])
        del pending[:end]
        return Frame(kind, flags, tag, payload)

    def take_rest(self) -> bytes:
        """Removes and returns all bytes that were fed and not taken."""
        rest = bytes(self._pending)
        self._pending.clear()
        return rest

    def frames(self) -> Iterator[Frame]:
        """Removes and yields all complete frames."""
        while (frame := self.take()) is not None:
            yield frame
