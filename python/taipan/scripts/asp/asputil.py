"""`win32com.axscript.asputil`, which pages import."""

from __future__ import annotations

from typing import Any


def iif(condition: object, true: Any, false: Any) -> Any:
    """One of two values."""
    return true if condition else false
