"""Pauses between attempts to reach an agent."""

from __future__ import annotations

import random
from typing import Final

_FIRST: Final = 0.1
_LONGEST: Final = 5.0


class Backoff:
    """Pauses that grow while nothing works, so that many peers do not overrun an agent."""

    def __init__(self) -> None:
        self._next = _FIRST

    def next(self) -> float:
        """Seconds to wait; not the same for all peers."""
        pause = self._next
        self._next = min(pause * 2, _LONGEST)
        return pause * random.uniform(0.5, 1)

    def reset(self) -> None:
        """Something has worked."""
        self._next = _FIRST
