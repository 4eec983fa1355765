"""Output of an event loop: streams add frames, and the hub takes them for Node."""

from __future__ import annotations

from typing import Callable

_EMPTY = b""


class Outbox:
    """Collects frames; those of one turn of the loop leave together."""

    __slots__ = ("on_output", "parts", "turn")

    def __init__(self, on_output: Callable[[], None]) -> None:
        #: Called when the outbox is no longer empty.
        self.on_output = on_output
        self.parts: list[bytes | memoryview] = []
        #: How often frames have been taken.
        self.turn = 0

    def put(self, frame: tuple[bytes | memoryview, ...]) -> None:
        """Adds the header and the payload of a frame."""
        parts = self.parts
        if parts:
            parts += frame
        else:
            parts += frame
            self.on_output()

    def take(self) -> bytes:
        """Removes and returns all frames."""
        self.turn += 1
        parts = self.parts
        data = _EMPTY.join(parts)
        parts.clear()
        return data
