"""Collections of what a request brings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, SupportsIndex, Union

from taipan.scripts.asp.case_blind import CaseBlind

Index = Union[str, int]


class RequestItem(str):
    """The values of one name: their text, joined by `, `; empty where there is none.

    `item(1)` and `item[1]` are the first value, and a loop goes through the values.
    """

    _values: tuple[str, ...]

    def __new__(cls, values: Iterable[str] = ()) -> RequestItem:
        """Of these values."""
        found = tuple(values)
        made = super().__new__(cls, ", ".join(found))
        made._values = found
        return made

    @property
    def Count(self) -> int:
        """The number of values."""
        return len(self._values)

    @property
    def Item(self) -> RequestItem:
        """Itself: `item.Item` is the text, `item.Item(1)` the first value."""
        return self

    def __call__(self, index: int | None = None) -> str:
        return str(self) if index is None else self[index]

    def __getitem__(self, index: SupportsIndex | slice) -> str:
        if isinstance(index, slice):
            return super().__getitem__(index)
        number = index.__index__()
        if not 1 <= number <= len(self._values):
            raise IndexError(f"there is no value {number}; there are {len(self._values)}, from 1")
        return self._values[number - 1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __reduce__(self) -> Any:
        return str, (str(self),)


NOTHING = RequestItem()


class Collection(CaseBlind):
    """Values by names, which are case-blind; what is not there is empty, and no error."""

    def __init__(self, items: Mapping[str, str], text: str = "") -> None:
        #: Names as they are spelled and values, by names in lower case.
        self._items: dict[str, tuple[str, Any]] = {}
        for name, item in items.items():
            self._items.setdefault(name.lower(), (name, item))
        self._text = text

    @property
    def Count(self) -> int:
        """The number of names."""
        return len(self._items)

    def Key(self, index: int) -> str:
        """A name by its number, from 1 on. Raises `IndexError`."""
        names = list(self)
        if not 1 <= index <= len(names):
            raise IndexError(f"there is no name {index}; there are {len(names)}, from 1")
        return names[index - 1]

    def Item(self, key: Index) -> Any:
        """What has a name, or a number from 1 on."""
        name = self.Key(key) if isinstance(key, int) else str(key)
        found = self._items.get(name.lower())
        return self._missing() if found is None else found[1]

    def _missing(self) -> str:
        return NOTHING

    def __call__(self, key: Index | None = None) -> Any:
        return str(self) if key is None else self.Item(key)

    def __getitem__(self, key: Index) -> Any:
        return self.Item(key)

    def __contains__(self, name: object) -> bool:
        return str(name).lower() in self._items

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, _ in self._items.values()])

    def __len__(self) -> int:
        return len(self._items)

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__


def collect(pairs: Iterable[tuple[str, str]], text: str = "") -> Collection:
    """A collection of names that may be repeated; the first spelling of each is kept."""
    spellings: dict[str, str] = {}
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(spellings.setdefault(name.lower(), name), []).append(value)
    return Collection({name: RequestItem(values) for name, values in found.items()}, text)
