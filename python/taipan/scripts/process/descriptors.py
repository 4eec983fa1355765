"""Descriptors 0 to 2 are those of the process, and last longer than a request."""

from __future__ import annotations

import functools
import os
from typing import Any

from taipan.scripts.request.current import current_request

_STANDARD = 3


def install_descriptors() -> None:
    """Keeps scripts from closing or replacing them for all; children that they fork may."""
    os.close = _close(os.close)
    os.closerange = _close_range(os.closerange)
    os.dup2 = _duplicate(os.dup2)


def _keeps() -> bool:
    request = current_request()
    return request is not None and not request.forked


def _close(original: Any) -> Any:
    @functools.wraps(original)
    def close(fd: int) -> None:
        # A file that is opened next would have its number, and get what programs print.
        if fd not in (0, 1, 2) or not _keeps():
            original(fd)

    return close


def _close_range(original: Any) -> Any:
    @functools.wraps(original)
    def close_range(low: int, high: int, /) -> None:
        original(max(low, _STANDARD) if _keeps() else low, high)

    return close_range


def _duplicate(original: Any) -> Any:
    @functools.wraps(original)
    def duplicate(fd: int, fd2: int, inheritable: bool = True) -> int:
        if fd2 in (0, 1, 2) and _keeps():
            os.fstat(fd)
            return fd2
        copy: int = original(fd, fd2, inheritable)
        return copy

    return duplicate
