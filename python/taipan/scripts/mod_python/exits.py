"""Cleanups."""

from __future__ import annotations

import atexit
from typing import Any, Callable


def check_callable(callable: Any) -> None:
    """Raises `ValueError` for what is none."""
    if not hasattr(callable, "__call__"):  # noqa: B004
        raise ValueError("first argument must be a callable object")


def call_at_exit(callable: Callable[[Any], Any], data: Any) -> None:
    """Calls `callable(data)` when the process ends."""
    check_callable(callable)
    atexit.register(callable, data)
