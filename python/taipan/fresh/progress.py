"""How far a child is, in memory that it shares with the template."""

from __future__ import annotations

import mmap

_ITEM_BYTES = 4

#: States of a child.
_BETWEEN = 0
_WRITING = 1
_ANSWERED = 2


class Progress:
    """What the template has to know of a child that has ended, however that was."""

    def __init__(self) -> None:
        self._items = memoryview(mmap.mmap(-1, 2 * _ITEM_BYTES)).cast("I")

    def begin(self, missing: int) -> None:
        """A new child, that has to read `missing` more bytes of a frame before it can be used."""
        self._items[0] = _BETWEEN
        self.missing = missing

    @property
    def missing(self) -> int:
        """Bytes of an incomplete frame that have not been read from the link."""
        return self._items[1]

    @missing.setter
    def missing(self, count: int) -> None:
        self._items[1] = count

    @property
    def answered(self) -> bool:
        """The response is whole."""
        return self._items[0] == _ANSWERED

    @property
    def torn(self) -> bool:
        """A frame may have been written in part, so that nobody can write to the link any more."""
        return self._items[0] == _WRITING

    def enter_write(self) -> None:
        """The child begins to write frames."""
        self._items[0] = _WRITING

    def leave_write(self) -> None:
        """It has written them all."""
        self._items[0] = _BETWEEN

    def finish(self) -> None:
        """It has written the whole response."""
        self._items[0] = _ANSWERED
