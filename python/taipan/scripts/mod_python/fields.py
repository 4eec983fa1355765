"""The fields of a form."""

from __future__ import annotations

import io
from functools import cached_property
from typing import Any


class Field:
    """An upload: its content is bytes in a file."""

    filename: str | None = None
    type = "text/plain"
    disposition: str | None = None
    file: Any = None

    def __init__(self, name: str | None, *args: Any, **named: Any) -> None:
        self.name = name
        self.type_options: dict[str, str] = {}
        self.disposition_options: dict[str, str] = {}
        self.headers: Any = {}
        if args or named:
            self._take(*args, **named)

    def _take(
        self,
        file: Any,
        ctype: str,
        type_options: dict[str, str],
        disp: str | None,
        disp_options: dict[str, str],
        headers: Any = None,
    ) -> None:
        """What code for old versions gives besides the name."""
        self.file, self.type, self.type_options = file, ctype, type_options
        self.disposition, self.disposition_options = disp, disp_options
        self.filename = disp_options.get("filename")
        self.headers = {} if headers is None else headers

    @property
    def value(self) -> Any:
        """The whole content; None without a file."""
        if self.file is None:
            return None
        self.file.seek(0)
        content = self.file.read()
        self.file.seek(0)
        return content

    def __del__(self) -> None:
        if self.file is not None:
            self.file.close()

    def __repr__(self) -> str:
        return f"Field({self.name!r}, {self.value!r})"


class StringField(str):
    """A value, which also has what an upload has."""

    name: str
    filename = None
    type = ctype = "text/plain"
    type_options: dict[str, str]
    disposition: str | None = None
    disposition_options: dict[str, str] | None = None
    headers: Any

    def __new__(cls, value: str | bytes) -> StringField:
        """`value`: the text, or its bytes in UTF-8."""
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
        return super().__new__(cls, text)

    def __getattr__(self, name: str) -> Any:
        if name not in ("headers", "type_options"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        empty: dict[str, str] = {}
        setattr(self, name, empty)
        return empty

    @property
    def value(self) -> str:
        """The text."""
        return str(self)

    @cached_property
    def file(self) -> Any:
        """The text as a file of bytes."""
        return io.BytesIO(self.encode("utf-8", "surrogateescape"))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The text: mod_python on Python 3 has bytes here."""
        return str(self)


def make_text(name: str | None, value: str | bytes) -> StringField:
    """A field of text."""
    field = StringField(value)
    field.name = name or ""
    return field
