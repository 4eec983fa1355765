"""Fields by their names, as the module `cgi` gave them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: `list` is something else below.
Items = list[Any]
Names = list[Any]


class MiniFieldStorage:
    """A field that was urlencoded: always text."""

    filename = None
    list = None
    type = None
    file = None
    type_options: dict[str, str] = {}
    disposition = None
    disposition_options: dict[str, str] = {}
    headers: dict[str, str] = {}

    def __init__(self, name: str, value: str) -> None:
        self.name = name
        self.value = value

    def __repr__(self) -> str:
        return f"MiniFieldStorage({self.name!r}, {self.value!r})"


class FieldMapping:
    """A list of fields, used like a dictionary. `TypeError` when there is no list."""

    #: All fields in their order; None for what is a single field.
    list: Items | None = None
    _index: dict[Any, Items] | None = None
    _indexed: tuple[object, int] = (None, 0)

    def __getitem__(self, key: str) -> Any:
        """The field with the name, or a list when several have it."""
        found = self._find(key)
        if not found:
            raise KeyError(key)
        return found[0] if len(found) == 1 else found

    def getvalue(self, key: str, default: Any = None) -> Any:
        """The value of the field with the name, or a list of values when several have it."""
        values = self.getlist(key)
        if not values:
            return default
        return values[0] if len(values) == 1 else values

    def getfirst(self, key: str, default: Any = None) -> Any:
        """The value of the first field with the name."""
        found = self._find(key)
        return found[0].value if found else default

    def getlist(self, key: str) -> Items:
        """The values of all fields with the name."""
        return [item.value for item in self._find(key)]

    def keys(self) -> Names:
        """The names, each once, in the order in which they came first."""
        return [*self._by_name()]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.keys())

    def __contains__(self, key: object) -> bool:
        return key in self._by_name()

    def __len__(self) -> int:
        return len(self._by_name())

    def __bool__(self) -> bool:
        if self.list is None:
            raise TypeError("Cannot be converted to bool.")
        return bool(self.list)

    def _items(self) -> Items:
        if self.list is None:
            raise TypeError("not indexable")
        return self.list

    def _find(self, key: object) -> Items:
        # Copied, because it is given away.
        return [*self._by_name().get(key, ())]

    def _by_name(self) -> dict[Any, Items]:
        items = self._items()
        state = (items, len(items))
        if self._index is None or self._indexed[0] is not items or self._indexed[1] != len(items):
            index: dict[Any, Items] = {}
            for item in items:
                index.setdefault(item.name, []).append(item)
            self._index, self._indexed = index, state
        return self._index
