"""Takes pages in the dialect of mod_python to pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taipan.psp.page_files import PageFile, PageFiles
from taipan.psp.pieces import Piece

_INCLUDE = re.compile(r'include\s+file\s*=\s*"([^"\s]+)"')


def scan_mod_python(files: PageFiles, file: PageFile) -> Iterator[Piece]:
    """The pieces of a page with those of all that it includes. Raises `PageSyntaxError`."""
    with files.entered(file):
        text = file.text
        position = 0
        while True:
            tag = text.find("<%", position)
            if tag < 0:
                yield Piece("text", text[position:], file.place(position))
                return
            yield Piece("text", text[position:tag], file.place(position))
            if text.startswith("<%--", tag):
                position = _end(file, tag, "--%>") + 4
            elif text.startswith("<%@", tag):
                position = _end(file, tag, "%>") + 2
                for match in _INCLUDE.finditer(text, tag, position - 2):
                    yield from scan_mod_python(files, files.include(match[1], file, match.start()))
            elif text.startswith("<%=", tag):
                position = _end(file, tag, "%>") + 2
                yield Piece("expression", text[tag + 3 : position - 2], file.place(tag + 3))
            else:
                end = text.find("%>", tag)
                # The last tag of a page may be left open.
                end = len(text) if end < 0 else end
                position = end + 2
                yield Piece("code", text[tag + 2 : end], file.place(tag + 2))


def _end(file: PageFile, tag: int, mark: str) -> int:
    end = file.text.find(mark, tag + (4 if mark == "--%>" else 0))
    if end < 0:
        opening = file.text[tag : tag + 4].split()[0]
        raise file.error(f"the tag {opening} is never closed by {mark}", tag)
    return end
