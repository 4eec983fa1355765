"""`form`: the fields of a request, by the rules of mod_python."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Union

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.form import make_form

Name = Union[str, bytes]


class StringField(str):
    """A value, which also has what an upload has."""

    name: str
    filename = None
    type = "text/plain"

    @property
    def value(self) -> str:
        """The text."""
        return str(self)

    @cached_property
    def file(self) -> io.BytesIO:
        """The text as a file."""
        return io.BytesIO(self.encode())

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text: mod_python on Python 3 has bytes here."""
        return str(self)


class PageForm:
    """The fields of the query, and behind them those of the body."""

    def __init__(self, request: ScriptRequest) -> None:
        #: In the order of the form; uploads have `file`, `filename`, `type` and bytes as `value`.
        self.list: list[Any] = [_make_field(one) for one in _fields_of(request)]

    def _named(self, name: Name) -> list[Any]:
        text = name.decode() if isinstance(name, bytes) else name
        return [field for field in self.list if field.name == text]

    def __getitem__(self, name: Name) -> Any:
        found = self._named(name)
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def get(self, name: Name, default: Any = None) -> Any:
        """A field, or a list of them."""
        return self[name] if name in self else default

    def getfirst(self, name: Name, default: Any = None) -> Any:
        """The first field of a name."""
        return next(iter(self._named(name)), default)

    def getlist(self, name: Name) -> list[Any]:
        """All fields of a name."""
        return self._named(name)

    def getvalue(self, name: Name, default: Any = None) -> Any:
        """The value, or a list of them, as `cgi` has it."""
        values = [field.value for field in self._named(name)]
        return default if not values else values[0] if len(values) == 1 else values

    def keys(self) -> list[str]:
        """Names in the order of the form."""
        return list(dict.fromkeys(field.name for field in self.list))

    def items(self) -> list[tuple[str, Any]]:
        """Names with each of their fields."""
        return [(field.name, field) for field in self.list]

    def has_key(self, name: Name) -> bool:
        """Whether there is a field of the name."""
        return bool(self._named(name))

    __contains__ = has_key

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return repr({name: self._named(name) for name in self})

    def add_field(self, name: str, value: str) -> None:
        """Adds a field."""
        self.list.append(_named_text(name, value))

    def __setitem__(self, name: str, value: str) -> None:
        del self[name]
        self.add_field(name, value)

    def __delitem__(self, name: Name) -> None:
        gone = self._named(name)
        self.list = [field for field in self.list if all(field is not one for one in gone)]

    def clear(self) -> None:
        """Forgets all fields."""
        self.list = []


def _fields_of(request: ScriptRequest) -> list[Any]:
    from taipan.forms import FieldStorage

    fields = list(make_form(request, keep_blank=True).list or ())
    variables = request.text_variables()
    kind = variables.get("CONTENT_TYPE", "").lower()
    if variables["REQUEST_METHOD"] == "POST" and not kind.startswith("multipart/"):
        # `cgi` puts the query behind the body.
        query = {"REQUEST_METHOD": "GET", "QUERY_STRING": variables["QUERY_STRING"]}
        count = len(FieldStorage(environ=query, keep_blank_values=True).list or ())
        fields = fields[len(fields) - count :] + fields[: len(fields) - count]
    return fields


def _make_field(field: Any) -> Any:
    return field if field.filename else _named_text(field.name, field.value)


def _named_text(name: str, value: str) -> StringField:
    field = StringField(value)
    field.name = name
    return field
