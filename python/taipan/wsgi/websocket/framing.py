"""Frames of RFC 6455, as an application exchanges them with a client."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

CONTINUATION: Final = 0
TEXT: Final = 1
BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

_FIN: Final = 0x80
_OPCODE: Final = 0x0F
_MASK: Final = 0x80
_LENGTH: Final = 0x7F
_IN_TWO: Final = 126
_IN_EIGHT: Final = 127
#: Clients have to mask; this one changes nothing.
_NO_CHANGE: Final = bytes(4)


class Frame(NamedTuple):
    """A whole frame, unmasked."""

    opcode: int
    last: bool
    payload: bytes


def encode_from_client(opcode: int, payload: bytes) -> bytes:
    """A whole message, or a control frame, as a client sends it."""
    size = len(payload)
    head = bytes((_FIN | opcode,))
    if size < _IN_TWO:
        head += bytes((_MASK | size,))
    elif size < 1 << 16:
        head += bytes((_MASK | _IN_TWO,)) + size.to_bytes(2, "big")
    else:
        head += bytes((_MASK | _IN_EIGHT,)) + size.to_bytes(8, "big")
    return head + _NO_CHANGE + payload


class FrameReader:
    """Splits the bytes that a server sends."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Takes the next bytes; yields the frames that are whole."""
        self._pending += data
        while (frame := self._take()) is not None:
            yield frame

    def _take(self) -> Frame | None:
        pending = self._pending
        if len(pending) < 2:
            return None
        first, second = pending[0], pending[1]
        size, at = second & _LENGTH, 2
        if size >= _IN_TWO:
            width = 2 if size == _IN_TWO else 8
            if len(pending) < at + width:
                return None
            size = int.from_bytes(pending[at : at + width], "big")
            at += width
        mask = bytes(pending[at : at + 4]) if second & _MASK else b""
        at += len(mask) if not second & _MASK else 4
        if len(pending) < at + size:
            return None
        payload = bytes(pending[at : at + size])
        del pending[: at + size]
        return Frame(first & _OPCODE, bool(first & _FIN), _unmask(payload, mask))


def _unmask(payload: bytes, mask: bytes) -> bytes:
    if not any(mask):
        return payload
    key = (mask * (len(payload) // 4 + 1))[: len(payload)]
    mixed = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return mixed.to_bytes(len(payload), "big")
