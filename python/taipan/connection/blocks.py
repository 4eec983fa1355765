"""Data in blocks, so that much of it takes little memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Callable

_BLOCK = 64 * 1024


def read_blocks(read: Callable[[int], bytes], size: int = -1) -> Iterator[bytes]:
    """What `read` gives, until that are `size` bytes; by default until its end."""
    left = size
    while left:
        block = read(_BLOCK if size < 0 else min(_BLOCK, left))
        if not block:
            return
        yield block
        left -= len(block)
