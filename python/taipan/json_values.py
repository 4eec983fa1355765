"""Values of an application as JSON can hold them, within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from itertools import islice
from math import isfinite
from typing import Final

from taipan.tracebacks import shorten

_MOST_VALUES: Final = 256
_MOST_CHARACTERS: Final = 64 * 1024
_MOST_OF_A_NAME: Final = 256
_MOST_OF_A_TEXT: Final = 16 * 1024
_MOST_ITEMS: Final = 64
_DEEPEST: Final = 5
#: Beyond it JavaScript rounds.
_SAFE_INTEGER: Final = 2**53 - 1


def copy_fields(fields: Mapping[str, object]) -> dict[str, object]:
    """A copy that JSON can hold. Never raises, whatever the values do when they are looked at."""
    return _Copier().copy_mapping(fields, 0)


class _Copier:
    """Counts what all values have together."""

    def __init__(self) -> None:
        self._values = _MOST_VALUES
        self._characters = _MOST_CHARACTERS

    def copy_mapping(
        self, value: Mapping[object, object] | Mapping[str, object], depth: int
    ) -> dict[str, object]:
        pairs = islice(value.items(), _MOST_ITEMS)
        return {
            shorten(str(name), _MOST_OF_A_NAME): self._copy(one, depth + 1) for name, one in pairs
        }

    def _copy(self, value: object, depth: int) -> object:
        self._values -= 1
        try:
            return self._copy_any(value, depth)
        except Exception:
            return f"({type(value).__name__} that cannot be shown)"

    def _copy_any(self, value: object, depth: int) -> object:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int) and -_SAFE_INTEGER <= value <= _SAFE_INTEGER:
            return int(value)
        if isinstance(value, float) and isfinite(value):
            return float(value)
        if isinstance(value, str):
            return self._take(str.__str__(value))
        if isinstance(value, (bytes, bytearray)):
            return self._take(str(bytes(value[:_MOST_OF_A_TEXT])))
        if not isinstance(value, (Mapping, list, tuple, Set)):
            return self._take(str(value))
        if depth == _DEEPEST or self._values <= 0:
            return f"({type(value).__name__})"
        if isinstance(value, Mapping):
            return self.copy_mapping(value, depth)
        return self._copy_items(value, depth)

    def _copy_items(self, value: Iterable[object], depth: int) -> list[object]:
        return [self._copy(one, depth + 1) for one in islice(value, _MOST_ITEMS)]

    def _take(self, text: str) -> str:
        kept = shorten(text, max(2, min(_MOST_OF_A_TEXT, self._characters)))
        self._characters = max(0, self._characters - len(kept))
        return kept
