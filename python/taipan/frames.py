"""The frames between Node and a worker: twin of `src/wire/frames.ts`; see `docs/frames.md`."""

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
DATA_LAST: Final = 1
DATA_FREE: Final = 2
ANSWER_FREE: Final = 2
ABORT_FREE: Final = 2
MESSAGE_LAST: Final = 1
MESSAGE_TEXT: Final = 4

HEADER: Final = struct.Struct("<BBHI")
#: Header of a HEAD frame with the Content-Length that begins its payload.
HEAD_HEADER: Final = struct.Struct("<BBHIQ")
#: Header of a HEAD frame of an event loop: the status and the Content-Length begin its payload.
STREAM_HEAD_HEADER: Final = struct.Struct("<BBHIHQ")
#: Header of an ANSWER frame: status, flags of HEAD, Content-Length and the bytes of the lines.
ANSWER_HEADER: Final = struct.Struct("<BBHIHBQI")
#: Bytes of it that count as payload.
ANSWER_PREFIX: Final = ANSWER_HEADER.size - HEADER.size
WINDOW_PAYLOAD: Final = struct.Struct("<I")
CLOSE_PAYLOAD: Final = struct.Struct("<H")
PULL_PAYLOAD: Final = struct.Struct("<I")
FILE_PAYLOAD: Final = struct.Struct("<IQQ")

HEADER_BYTES: Final = 8
#: What a WebSocket message costs beside its bytes.
MESSAGE_COST: Final = 64
PAYLOAD_LIMIT: Final = 64 * 1024 * 1024
_REASON_BYTES: Final = 1024


class FrameError(Exception):
    """The other side broke the format; nothing after it can be understood."""


class Frame(NamedTuple):
    """One frame, whole."""

    kind: int
    flags: int
    tag: int
    payload: bytes


def encode(kind: int, flags: int = 0, payload: bytes = b"", tag: int = 0) -> bytes:
    """A whole frame as bytes."""
    if len(payload) > PAYLOAD_LIMIT:
        raise FrameError(f"a frame of type {kind} would hold {len(payload)} bytes")
    return HEADER.pack(kind, flags, tag, len(payload)) + payload


def encode_reason(reason: str) -> bytes:
    """The payload of ABORT."""
    return reason.encode("utf-8", "replace")[:_REASON_BYTES]


class Decoder:
    """Cuts a byte stream into frames."""

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = bytearray()

    @property
    def empty(self) -> bool:
        """No frame has begun that is not complete."""
        return not self._pending

    def missing(self) -> int:
        """Bytes that are at least needed to complete the next frame; 0 when one is complete."""
        pending = self._pending
        if len(pending) < HEADER_BYTES:
            return HEADER_BYTES - len(pending)
        length: int = HEADER.unpack_from(pending)[3]
        if length > PAYLOAD_LIMIT:
            raise FrameError(f"a frame of type {pending[0]} announces {length} bytes")
        return max(0, HEADER_BYTES + length - len(pending))

    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Takes the next bytes of the stream."""
        self._pending += data

    def take(self) -> Frame | None:
        """Removes the first complete frame; None when there is none yet."""
        if self.missing():
            return None
        pending = self._pending
        kind, flags, tag, length = HEADER.unpack_from(pending)
        end = HEADER_BYTES + length
        payload = bytes(memoryview(pending)[HEADER_BYTES:end])
        del pending[:end]
        return Frame(kind, flags, tag, payload)

    def frames(self) -> Iterator[Frame]:
        """All complete frames, each removed when it is given."""
        while (frame := self.take()) is not None:
            yield frame
