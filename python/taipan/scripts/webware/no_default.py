"""The mark for parameters without a default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class NoDefault:
    """Nothing was given."""


def pick(values: Mapping[str, Any], name: str, default: Any = NoDefault) -> Any:
    """A value by name. Raises `KeyError` if there is none and no default."""
    return values[name] if default is NoDefault else values.get(name, default)
