"""`FieldStorage`: the fields of a request, by the rules of mod_python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Union

from taipan.scripts.mod_python.fields import make_text
from taipan.scripts.mod_python.form_reading import FieldCallback, FileCallback, read_fields

Name = Union[str, bytes]


class FieldStorage:
    """The fields of the query, and behind them those of the body of a POST."""

    _is_read = False

    def __new__(cls, req: Any, *args: Any, **named: Any) -> FieldStorage:
        """The form of a page is read once, whoever asks for it."""
        of_page = getattr(req, "page_form", None)
        return super().__new__(cls) if of_page is None else of_page

    def __init__(
        self,
        req: Any,
        keep_blank_values: int = 0,
        strict_parsing: int = 0,
        file_callback: FileCallback | None = None,
        field_callback: FieldCallback | None = None,
    ) -> None:
        """Reads the body, which nobody can read again.

        `file_callback(filename)` gives the file for an upload, `field_callback()` that for another
        part. Raises `SERVER_RETURN` with 501 for a body that is no form, and with 400 or 413 for
        one that is malformed or too large.
        """
        if self._is_read:
            return
        self._is_read = True
        #: In the order of the form; uploads are `Field`, others `StringField`.
        self.list: list[Any] = []
        if req.args or req.method == "POST":
            self.list += read_fields(req, bool(keep_blank_values), (file_callback, field_callback))

    def __getitem__(self, name: Name) -> Any:
        found = self.getlist(name)
        if not found:
            raise KeyError(name)
        return found[0] if len(found) == 1 else found

    def get(self, name: Name, default: Any = None) -> Any:
        """A field, or a list of them."""
        return self[name] if name in self else default

    def getfirst(self, name: Name, default: Any = None) -> Any:
        """The first field of a name."""
        return next(iter(self.getlist(name)), default)

    def getlist(self, name: Name) -> list[Any]:
        """All fields of a name."""
        text = name.decode() if isinstance(name, bytes) else name
        return [field for field in self.list if field.name == text]

    def getvalue(self, name: Name, default: Any = None) -> Any:
        """The value, or a list of them, as `cgi` has it."""
        values = [field.value for field in self.getlist(name)]
        return default if not values else values[0] if len(values) == 1 else values

    def keys(self) -> list[str]:
        """Names in the order of the form."""
        return list(dict.fromkeys(field.name for field in self.list))

    def items(self) -> list[tuple[str, Any]]:
        """Names with each of their fields."""
        return [(field.name, field) for field in self.list]

    def has_key(self, name: Name) -> bool:
        """Whether there is a field of the name."""
        return bool(self.getlist(name))

    __contains__ = has_key

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self.keys())

    def __repr__(self) -> str:
        return repr({name: self.getlist(name) for name in self})

    def add_field(self, name: str, value: str | bytes) -> None:
        """Adds a field."""
        self.list.append(make_text(name, value))

    def __setitem__(self, name: str, value: str | bytes) -> None:
        self._remove(name)
        self.add_field(name, value)

    def __delitem__(self, name: Name) -> None:
        if name not in self:
            raise KeyError(name)
        self._remove(name)

    def _remove(self, name: Name) -> None:
        text = name.decode() if isinstance(name, bytes) else name
        self.list = [field for field in self.list if field.name != text]

    def clear(self) -> None:
        """Forgets all fields."""
        self.list = []
