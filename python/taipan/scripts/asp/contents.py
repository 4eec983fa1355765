"""Values that pages keep by names: `Session.Contents` and `Application.Contents`."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from taipan.scripts.asp.case_blind import CaseBlind
from taipan.scripts.asp.request_cookies import RequestCookie
from taipan.scripts.asp.values import Index, RequestItem
from taipan.sessions.values import encode_value

#: Names of what is kept besides the values of pages begin so.
HIDDEN = "asp:"
_PLAIN = (str, int, float, type(None))


class KeptValues(CaseBlind):
    """Names are case-blind; what is not there is None."""

    def __init__(self, values: MutableMapping[str, Any]) -> None:
        self._values = values

    def _names(self) -> list[str]:
        return [name for name in self._values if not name.startswith(HIDDEN)]

    def _find(self, key: Index) -> str | None:
        """The name as it is spelled in the values."""
        if isinstance(key, int):
            return self.Key(key)
        name = str(key)
        if name in self._values:
            return name
        return next((one for one in self._names() if one.lower() == name.lower()), None)

    @property
    def Count(self) -> int:
        """The number of values."""
        return len(self._names())

    def Key(self, index: int) -> str:
        """A name by its number, from 1 on. Raises `IndexError`."""
        names = self._names()
        if not 1 <= index <= len(names):
            raise IndexError(f"there is no value {index}; there are {len(names)}, from 1")
        return names[index - 1]

    def Item(self, key: Index) -> Any:
        """The value of a name, or of a number from 1 on."""
        name = self._find(key)
        return None if name is None else self._values.get(name)

    __call__ = Item
    __getitem__ = Item

    def __setitem__(self, key: Index, value: Any) -> None:
        name = self._find(key) or str(key)
        if name.startswith(HIDDEN):
            raise ValueError(f"names that begin with {HIDDEN} are taken")
        if isinstance(value, (RequestItem, RequestCookie)):
            value = str(value)
        elif not isinstance(value, _PLAIN):
            # At the end of the page nobody would know which line it was.
            encode_value(value)
        self._values[name] = value

    def Remove(self, key: Index) -> None:
        """Removes a value, if it is there."""
        name = self._find(key)
        if name is not None:
            self._values.pop(name, None)

    __delitem__ = Remove

    def RemoveAll(self) -> None:
        """Removes all values."""
        for name in self._names():
            self._values.pop(name, None)

    def __contains__(self, key: object) -> bool:
        return self._find(str(key)) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())


class WithContents(CaseBlind):
    """What has contents is used as these are."""

    _contents: KeptValues

    @property
    def Contents(self) -> KeptValues:
        """The values."""
        return self._contents

    @property
    def StaticObjects(self) -> KeptValues:
        """Empty: they were objects of COM."""
        return KeptValues({})

    def Value(self, key: Index) -> Any:
        """The value of a name; None if there is none."""
        return self.Contents.Item(key)

    __call__ = Value
    __getitem__ = Value

    def __setitem__(self, key: Index, value: Any) -> None:
        self.Contents[key] = value

    def __delitem__(self, key: Index) -> None:
        self.Contents.Remove(key)

    def __contains__(self, key: object) -> bool:
        return key in self.Contents

    def __iter__(self) -> Iterator[str]:
        return iter(self.Contents)
