"""Tables: mappings of text whose names are case-blind and may repeat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Union

from taipan.fields import kind_of, validate_name, validate_value

#: One value, or all values of a name that repeats.
Values = Union[str, list[str]]


class Table:
    """Entries in their order; a name keeps the spelling that came first."""

    __slots__ = ("_entries",)
    __hash__ = None  # type: ignore[assignment]  # it changes

    def __init__(self, values: Any = ()) -> None:
        #: Name in lower case, name, value.
        self._entries: list[tuple[str, str, str]] = []
        if values:
            for name, value in _pairs_of(values):
                self[name] = str(value)

    @classmethod
    def of_pairs(cls, pairs: list[tuple[str, str]]) -> Table:
        """A table with these entries, which are taken as they are."""
        table = cls()
        table._entries = [(name.lower(), name, value) for name, value in pairs]
        return table

    def __getitem__(self, name: str) -> Values:
        key = _text_of(name).lower()
        found = [value for known, _, value in self._entries if known == key]
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def __setitem__(self, name: str, value: str) -> None:
        name, value = self._check(name, value)
        key = name.lower()
        entries = self._entries
        for at, entry in enumerate(entries):
            if entry[0] == key:
                rest = [other for other in entries[at + 1 :] if other[0] != key]
                entries[at:] = [(key, entry[1], value), *rest]
                return
        entries.append((key, name, value))

    def __delitem__(self, name: str) -> None:
        key = _text_of(name).lower()
        self._entries = [entry for entry in self._entries if entry[0] != key]

    def __contains__(self, name: object) -> bool:
        key = _text_of(name).lower()
        return any(known == key for known, _, _ in self._entries)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Table):
            return self._sorted() == other._sorted()
        if not isinstance(other, Mapping):
            return NotImplemented
        # The names of mappings are not blind to case, and do not repeat.
        return len(self) == len(other) and dict(self.items()) == dict(other)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._walk())

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        # Clients of mod_python see the last entry first.
        shown = (f"{name!r}: {value!r}" for _, name, value in reversed(self._entries))
        return f"{{{', '.join(shown)}}}"

    def add(self, name: str, value: str) -> None:
        """Adds an entry, and keeps those of the same name."""
        name, value = self._check(name, value)
        self._entries.append((name.lower(), name, value))

    def get(self, name: str, default: Any = None) -> Any:
        """The first value of a name."""
        key = _text_of(name).lower()
        return next((value for known, _, value in self._entries if known == key), default)

    def has_key(self, name: str) -> int:
        """1 if there is an entry of the name, else 0."""
        return int(name in self)

    def setdefault(self, name: str, default: str = "") -> str:
        """The first value of a name, which is `default` from now on if there is none."""
        if name not in self:
            self[name] = default
        return str(self.get(name))

    def keys(self) -> list[str]:
        """A name for each entry."""
        return [name for _, name, _ in self._entries]

    def values(self) -> list[str]:
        """A value for each entry."""
        return [value for _, _, value in self._entries]

    def items(self) -> list[tuple[str, str]]:
        """The entries."""
        return [(name, value) for _, name, value in self._entries]

    def iterkeys(self) -> Iterator[str]:
        """As `keys`, one at a time."""
        return iter(self)

    def itervalues(self) -> Iterator[str]:
        """As `values`, one at a time."""
        return (value for _, value in self._walk())

    def iteritems(self) -> Iterator[tuple[str, str]]:
        """As `items`, one at a time."""
        return self._walk()

    def update(self, other: Any) -> None:
        """Sets what another table or mapping has."""
        pairs = list(_pairs_of(other))
        repeated: set[str] = set()
        for name, value in pairs:
            key = _text_of(name).lower()
            if key in repeated:
                self.add(name, value)
            else:
                self[name] = value
            repeated.add(key)

    def pop(self, name: str, *default: Any) -> Any:
        """Removes a name, and gives what `[]` gives."""
        if default and name not in self:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def popitem(self) -> tuple[str, str]:
        """Removes the first entry. Raises `KeyError` if there is none."""
        if not self._entries:
            raise KeyError("popitem(): table is empty")
        _, name, value = self._entries.pop(0)
        return name, value

    def copy(self) -> Table:
        """Another table of the same kind with the same entries."""
        table = type(self)()
        table._entries = self._entries[:]
        return table

    def clear(self) -> None:
        """Removes all entries."""
        self._entries = []

    def _sorted(self) -> list[tuple[str, str]]:
        return sorted((key, value) for key, _, value in self._entries)

    def _walk(self) -> Iterator[tuple[str, str]]:
        """The entries. Raises `RuntimeError` if some come or go meanwhile."""
        entries = self.items()
        for entry in entries:
            yield entry
            if len(self._entries) != len(entries):
                raise RuntimeError("table changed size during iteration")

    def _check(self, name: Any, value: Any) -> tuple[str, str]:
        """The text of a new entry. Raises `TypeError`, and `ValueError` in tables of headers."""
        return _text_of(name), _text_of(value)


class HeaderTable(Table):
    """Header fields of the response: what would break out of a field is refused."""

    __slots__ = ()

    def _check(self, name: Any, value: Any) -> tuple[str, str]:
        name, value = _text_of(name), _text_of(value)
        validate_name(name)
        validate_value(name, value)
        return name, value


def _text_of(text: Any) -> str:
    if type(text) is str:
        return text
    if isinstance(text, str):
        return str(text)
    if isinstance(text, bytes):
        return text.decode("latin-1")
    raise TypeError(f"tables hold str, not {kind_of(text)}: {text!r}")


def _pairs_of(values: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of a table, a mapping, or a sequence of them."""
    if isinstance(values, (Table, Mapping)):
        return iter(values.items())
    if hasattr(values, "keys"):
        return ((name, values[name]) for name in values.keys())
    return iter(values)
