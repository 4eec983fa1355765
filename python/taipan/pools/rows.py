"""Rows of a query as fields by the names of their columns."""

from __future__ import annotations

from typing import Any

from taipan.field_set import FieldSet


def column_names(cursor: Any) -> list[str]:
    """Of a cursor with rows; empty for others."""
    return [str(column[0]) for column in cursor.description or ()]


def fill(row: FieldSet, names: list[str], values: Any = ()) -> None:
    """Makes the fields of the set those of a row; NULL is an empty text."""
    texts = map(_to_text, values) if values else ("" for _ in names)
    row.assign(zip(names, texts))


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).decode("utf-8", "surrogateescape")
    return str(value)
