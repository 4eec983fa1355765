"""Fields by name, in order: names are case-blind and may repeat."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Union, overload

_Pairs = Iterable[tuple[str, str]]
_Source = Union["FieldSet", _Pairs]


class FieldSet:
    """An ordered multimap of texts (`Ns.Set`).

    Names are compared without regard to case, except where `exact` asks for it.
    """

    def __init__(self, pairs: _Pairs = (), name: str = "") -> None:
        #: What the whole is called.
        self.name = name
        self._pairs = [self._check(key, value) for key, value in pairs]

    def put(self, key: str, value: Any) -> int:
        """Adds a field, and keeps those of the same name; gives its position."""
        self._change([*self._pairs, self._check(key, value)])
        return len(self._pairs) - 1

    def find(self, key: str, *, exact: bool = False) -> int:
        """Position of the first field of this name; -1 if there is none."""
        for index, (known, _) in enumerate(self._pairs):
            if known == key or (not exact and known.lower() == key.lower()):
                return index
        return -1

    def get(self, key: str, default: Any = None, *, exact: bool = False) -> Any:
        """Value of the first field of this name."""
        index = self.find(key, exact=exact)
        return default if index < 0 else self._pairs[index][1]

    def get_all(self, key: str) -> list[str]:
        """Values of all fields of this name."""
        return [value for known, value in self._pairs if known.lower() == key.lower()]

    def is_unique(self, key: str, *, exact: bool = False) -> bool:
        """Whether the name is there at most once."""
        return (self.keys().count(key) if exact else len(self.get_all(key))) <= 1

    def update(self, key: str, value: Any, *, exact: bool = False) -> int:
        """Puts the field in the place of the first of its name, at the end of the set."""
        pair = self._check(key, value)
        index = self.find(key, exact=exact)
        kept = [old for at, old in enumerate(self._pairs) if at != index]
        self._change([*kept, pair])
        return len(kept)

    def replace(self, key: str, value: Any) -> None:
        """Puts the field in the place of all of its name."""
        pair = self._check(key, value)
        self._change([*(old for old in self._pairs if old[0].lower() != key.lower()), pair])

    def put_value(self, index: int, value: Any) -> None:
        """Changes the value at a position."""
        pairs = list(self._pairs)
        pairs[index] = self._check(pairs[index][0], value)
        self._change(pairs)

    def delete(self, index: int) -> None:
        """Removes the field at a position. Raises `IndexError`."""
        pairs = list(self._pairs)
        del pairs[index]
        self._change(pairs)

    def delete_key(self, key: str, *, exact: bool = False) -> None:
        """Removes the first field of this name, if there is one."""
        index = self.find(key, exact=exact)
        if index >= 0:
            self.delete(index)

    def truncate(self, size: int) -> None:
        """Keeps the first `size` fields."""
        self._change(self._pairs[: max(0, size)])

    def merge(self, other: _Source) -> None:
        """Adds the fields whose names are missing."""
        for key, value in _pairs_of(other):
            if self.find(key) < 0:
                self.put(key, value)

    def move(self, other: FieldSet) -> None:
        """Takes all fields of the other set, which is empty afterwards."""
        self._change([*self._pairs, *(self._check(key, value) for key, value in other.items())])
        other.truncate(0)

    def assign(self, other: _Source) -> None:
        """Has the fields of the other set, and no others."""
        self._change([self._check(key, value) for key, value in _pairs_of(other)])

    def copy(self) -> FieldSet:
        """A set with the same fields."""
        return FieldSet(pairs=self._pairs, name=self.name)

    def key(self, index: int) -> str:
        """The name at a position. Raises `IndexError`."""
        return self._pairs[index][0]

    def value(self, index: int) -> str:
        """The value at a position. Raises `IndexError`."""
        return self._pairs[index][1]

    @property
    def last(self) -> int:
        """The last position; -1 for an empty set."""
        return len(self._pairs) - 1

    def has_key(self, key: str) -> bool:
        """Whether there is a field of this name."""
        return self.find(key) >= 0

    def keys(self) -> list[str]:
        """The names, in order, each as often as it is there."""
        return [key for key, _ in self._pairs]

    def values(self) -> list[str]:
        """The values, in order."""
        return [value for _, value in self._pairs]

    def items(self) -> list[tuple[str, str]]:
        """Names and values, in order."""
        return list(self._pairs)

    def to_dict(self) -> dict[str, str]:
        """The same as a dict. Raises `KeyError` when a name repeats."""
        counts = Counter(key.lower() for key in self.keys())
        for key in self.keys():
            if counts[key.lower()] > 1:
                raise KeyError(f"{key} is there more than once")
        return dict(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.has_key(key)

    @overload
    def __getitem__(self, key: int | str) -> str: ...
    @overload
    def __getitem__(self, key: slice) -> list[str]: ...
    def __getitem__(self, key: int | str | slice) -> str | list[str]:
        if isinstance(key, slice):
            return self.values()[key]
        return self._pairs[key if isinstance(key, int) else self._require(key)][1]

    def __setitem__(self, key: int | str, value: Any) -> None:
        index = key if isinstance(key, int) else self.find(key)
        if isinstance(key, str) and index < 0:
            self.put(key, value)
        else:
            self.put_value(index, value)

    def __delitem__(self, key: int | str) -> None:
        if isinstance(key, int):
            self.delete(key)
            return
        self._require(key)
        self._change([pair for pair in self._pairs if pair[0].lower() != key.lower()])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FieldSet) and self._pairs == other._pairs

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} {self._pairs!r}>".replace("  ", " ", 1)

    def __str__(self) -> str:
        return "".join(f"{key}: {value}\n" for key, value in self._pairs)

    def _require(self, key: str) -> int:
        index = self.find(key)
        if index < 0:
            raise KeyError(key)
        return index

    def _check(self, key: Any, value: Any) -> tuple[str, str]:
        """The field as it is kept. Raises `TypeError` and `ValueError`."""
        if not isinstance(key, str):
            raise TypeError(f"the name of a field must be a str, not {type(key).__name__}")
        if isinstance(value, (bytes, bytearray)):
            raise TypeError(f"the value of {key} must be a text, not {type(value).__name__}")
        return key, "" if value is None else str(value)

    def _change(self, pairs: list[tuple[str, str]]) -> None:
        """All changes pass here."""
        self._pairs = pairs


def _pairs_of(source: _Source) -> list[tuple[str, str]]:
    return source.items() if isinstance(source, FieldSet) else list(source)
