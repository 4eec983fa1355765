"""`Http.Watch`: nothing to do, because changed files are imported again without it."""

from __future__ import annotations

from types import ModuleType
from typing import Any

__all__ = ["Watch"]


def Watch(Module: ModuleType, Callback: Any, *Arguments: Any) -> None:
    """Does nothing."""
