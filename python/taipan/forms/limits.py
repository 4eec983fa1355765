"""How large a form may be."""

from __future__ import annotations

from typing import NamedTuple

from taipan.forms.errors import TOO_LARGE, FormError


class FormLimits(NamedTuple):
    """Bounds of one form; sizes are bytes."""

    #: Parts of `multipart/form-data`, nested ones included.
    parts: int = 1000
    #: Fields, uploads included, in whatever encoding and in the query.
    fields: int = 1000
    #: Uploads, and fields that are too long for memory: each may need a temporary file.
    files: int = 100
    #: The header of one part.
    header: int = 8 * 1024
    #: The whole body; None leaves that to the server.
    size: int | None = None
    #: What is kept in memory of one part; beyond it a temporary file is used.
    part_memory: int = 64 * 1024
    #: What is kept in memory of all parts, and the largest urlencoded form.
    memory: int = 8 * 1024 * 1024
    #: How deep `multipart` may be nested.
    depth: int = 3


class FormUsage:
    """Counts what a form has, all nested parts together. Raises `FormError` beyond the limits."""

    def __init__(self, limits: FormLimits, max_fields: int | None = None) -> None:
        self.limits = limits
        self._max_fields = limits.fields if max_fields is None else min(max_fields, limits.fields)
        self._fields = self._files = self._memory = self._parts = self._size = 0

    def add_bytes(self, count: int) -> None:
        """Bytes of the body, or its length before it is read."""
        self._size += count
        if self.limits.size is not None and self._size > self.limits.size:
            raise _exceeded(self.limits.size, "bytes", "size")

    def add_part(self) -> None:
        """A part begins."""
        self._parts += 1
        if self._parts > self.limits.parts:
            raise _exceeded(self.limits.parts, "parts", "parts")

    def add_fields(self, count: int) -> None:
        """Fields, before they are kept."""
        self._fields += count
        if self._fields > self._max_fields:
            raise _exceeded(self._max_fields, "fields", "fields")

    def add_file(self) -> None:
        """A field that may need a file of its own."""
        self._files += 1
        if self._files > self.limits.files:
            raise _exceeded(self.limits.files, "files and long fields", "files")

    def take_memory(self, count: int) -> bool:
        """Whether this may be kept in memory, too."""
        if self._memory + count > self.limits.memory:
            return False
        self._memory += count
        return True

    def free_memory(self, count: int) -> None:
        """What was taken is kept no longer."""
        self._memory -= count

    def add_memory(self, count: int) -> None:
        """Memory for what can be kept nowhere else."""
        if not self.take_memory(count):
            raise _exceeded(self.limits.memory, "bytes that are no files", "memory")


def _exceeded(count: int, what: str, name: str) -> FormError:
    return FormError(f"the form has more than {count} {what} (FormLimits.{name})", TOO_LARGE)
