"""The files that a page is made of."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from taipan.loader.code_cache import Stamp, stamp_of
from taipan.loader.open_source import open_source
from taipan.psp.errors import PageSyntaxError
from taipan.psp.pieces import Place

_DEPTH_LIMIT = 50
_INCLUDES_LIMIT = 1000
#: In characters, with all includes, so that files that include each other twice stay small.
_SIZE_LIMIT = 16 * 1024 * 1024


@dataclass
class PageFile:
    """A file with its text; its line ends are all LF."""

    path: str
    index: int
    text: str
    stamp: Stamp | None = None
    _starts: list[int] = field(default_factory=list)

    def place(self, offset: int) -> Place:
        """The place of a character."""
        if not self._starts:
            self._starts = [0]
            for text in self.text.split("\n"):
                self._starts.append(self._starts[-1] + len(text) + 1)
        line = bisect_right(self._starts, offset)
        column = len(self.text[self._starts[line - 1] : offset].encode())
        return Place(self.index, line, column)

    def error(self, message: str, offset: int) -> PageSyntaxError:
        """An error at a character."""
        return PageSyntaxError(message, self.path, self.place(offset).line)


class PageFiles:
    """The page and all that it includes, each read once."""

    def __init__(self, path: str, encoding: str = "utf-8") -> None:
        #: That of the page.
        self.path = path
        self._encoding = encoding
        self._folder = os.path.dirname(path)
        self._files: dict[str, PageFile] = {}
        self._open: list[str] = []
        self._includes = 0
        self._size = 0

    def add(self, path: str, content: bytes, stamp: Stamp | None = None) -> PageFile:
        """Decodes a file. Raises `PageSyntaxError`."""
        try:
            text = content.decode(self._encoding)
        except (UnicodeError, LookupError) as error:
            start = error.start if isinstance(error, UnicodeDecodeError) else 0
            line = content[:start].count(b"\n") + 1
            raise PageSyntaxError(
                f"cannot be read as {self._encoding}: {error}", path, line
            ) from None
        if text.startswith("\ufeff"):
            text = text[1:]
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        file = PageFile(path, len(self._files), text, stamp)
        self._files[path] = file
        return file

    def read(self, path: str) -> PageFile:
        """Reads a file, at the first time. Raises `OSError` and `PageSyntaxError`."""
        file = self._files.get(path)
        if file is None:
            with open_source(path) as stream:
                stamp = stamp_of(os.fstat(stream.fileno()))
                content = stream.read(_SIZE_LIMIT + 1)
            if len(content) > _SIZE_LIMIT:
                raise PageSyntaxError(f"the file has more than {_SIZE_LIMIT} bytes", path, 1)
            file = self.add(path, content, stamp)
        return file

    def resolve(self, name: str) -> str:
        """The path of a file that is named relative to the folder of the page."""
        return os.path.normpath(os.path.join(self._folder, name))

    @contextmanager
    def entered(self, file: PageFile) -> Iterator[None]:
        """Notes that the pieces of a file are asked for, which they cannot be inside of itself."""
        self._open.append(file.path)
        try:
            yield
        finally:
            self._open.pop()

    def include(self, name: str, by: PageFile, offset: int) -> PageFile:
        """The file that another one names. Raises `PageSyntaxError`."""
        path = self.resolve(name)
        if path in self._open:
            way = [*self._open[self._open.index(path) :], path]
            names = " -> ".join(os.path.basename(one) for one in way)
            raise by.error(f"the page includes itself: {names}", offset)
        if len(self._open) > _DEPTH_LIMIT:
            raise by.error(f"includes are nested more than {_DEPTH_LIMIT} deep", offset)
        try:
            file = self.read(path)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            where = f" ({path})" if path != name else ""
            raise by.error(f'cannot include "{name}"{where}: {reason}', offset) from None
        self._includes += 1
        self._size += len(file.text)
        if self._includes > _INCLUDES_LIMIT or self._size > _SIZE_LIMIT:
            raise by.error(
                f"more than {_INCLUDES_LIMIT} includes, or {_SIZE_LIMIT} characters in them", offset
            )
        return file

    @property
    def all(self) -> list[PageFile]:
        """In the order of their indices."""
        return list(self._files.values())

    @property
    def stamps(self) -> dict[str, Stamp]:
        """The versions of the files that were read."""
        return {file.path: file.stamp for file in self._files.values() if file.stamp is not None}
