"""`Ns.Set`."""

from __future__ import annotations

import sys
from typing import Any

from taipan.connection.response import OutputHeaders
from taipan.field_set import FieldSet
from taipan.ns.constants import OK


class Set(FieldSet):
    """A `FieldSet` with the names of PyWX; those that begin with I do not regard case."""

    def __init__(self, name: str | None = "", pairs: Any = ()) -> None:
        super().__init__(pairs, name or "")

    def Put(self, key: str, value: Any) -> int:
        """`put`."""
        return self.put(key, value)

    def Get(self, key: str) -> Any:
        """`get` with the exact name; None if there is none."""
        return self.get(key, exact=True)

    def IGet(self, key: str) -> Any:
        """`get`; None if there is none."""
        return self.get(key)

    def Find(self, key: str) -> int:
        """`find` with the exact name."""
        return self.find(key, exact=True)

    def IFind(self, key: str) -> int:
        """`find`."""
        return self.find(key)

    def Unique(self, key: str) -> bool:
        """`is_unique` with the exact name."""
        return self.is_unique(key, exact=True)

    def IUnique(self, key: str) -> bool:
        """`is_unique`."""
        return self.is_unique(key)

    def Update(self, key: str, value: Any) -> int:
        """`update` with the exact name."""
        return self.update(key, value, exact=True)

    def IUpdate(self, key: str, value: Any) -> int:
        """`update`."""
        return self.update(key, value)

    def PutValue(self, index: int, value: Any) -> None:
        """`put_value`."""
        self.put_value(index, value)

    def Delete(self, index: int) -> None:
        """`delete`."""
        self.delete(index)

    def DeleteKey(self, key: str) -> None:
        """`delete_key` with the exact name."""
        self.delete_key(key, exact=True)

    def IDeleteKey(self, key: str) -> None:
        """`delete_key`."""
        self.delete_key(key)

    def Trunc(self, size: int) -> None:
        """`truncate`."""
        self.truncate(size)

    def Merge(self, other: FieldSet) -> None:
        """`merge`."""
        self.merge(other)

    def Move(self, other: FieldSet) -> None:
        """`move`."""
        self.move(other)

    def Copy(self, name: str | None = None) -> Set:
        """`copy`."""
        return Set(self.name if name is None else name, self.items())

    def Print(self) -> int:
        """Writes it to the log."""
        sys.stderr.write(f"{self.name}:\n{self}")
        return OK

    def Size(self) -> int:
        """`len`."""
        return len(self)

    def Name(self) -> str:
        """`name`."""
        return self.name

    def Key(self, index: int) -> str:
        """`key`."""
        return self.key(index)

    def Value(self, index: int) -> str:
        """`value`."""
        return self.value(index)

    def Last(self) -> int:
        """`last`."""
        return self.last

    def dict(self) -> dict[str, str]:
        """`to_dict`."""
        return self.to_dict()


class OutputSet(OutputHeaders, Set):
    """`Ns.Set` of the header fields of the response."""
