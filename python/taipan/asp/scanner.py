"""Takes ASP pages to pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taipan.asp.directives import check_language, parse_attributes
from taipan.asp.includes import AspFiles
from taipan.psp.page_files import PageFile
from taipan.psp.pieces import Piece

_TAG = re.compile(
    r"(?P<comment><%--)|(?P<expression><%[ \t]*=)"
    # Not a decorator.
    r"|(?P<directive><%@|<%[ \t]+@(?=\s*[a-z]+[ \t]*=))"
    r"|(?P<code><%)|(?P<include><!--\s*#include\b)|(?P<script><script\b)|(?P<object><object\b)",
    re.IGNORECASE,
)
_INCLUDE = re.compile(
    r"""\s*(file|virtual)\s*=\s*(?:"([^"]+)"|'([^']+)'|([^\s"'>]+))\s*-->""", re.IGNORECASE
)
_END_OF_TAG = re.compile(r"""(?:[^>"']|"[^"]*"|'[^']*')*?(/?)>""")
_ATTRIBUTE = re.compile(r"""([A-Za-z]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_END_OF_SCRIPT = re.compile(r"</script\s*>", re.IGNORECASE)


def scan_asp(files: AspFiles, file: PageFile) -> Iterator[Piece]:
    """The pieces of a page with those of all that it includes. Raises `PageSyntaxError`."""
    with files.entered(file):
        position = start = 0
        while match := _TAG.search(file.text, start):
            tag = _Tag(files, file, match)
            pieces = getattr(tag, f"scan_{match.lastgroup}")()
            if pieces is None:
                # A tag for the browser, which may have others in it.
                start = match.end()
                continue
            yield Piece("text", file.text[position : match.start()], file.place(position))
            yield from pieces
            position = start = tag.end
        yield Piece("text", file.text[position:], file.place(position))


class _Tag:
    def __init__(self, files: AspFiles, file: PageFile, match: re.Match[str]) -> None:
        self._files = files
        self._file = file
        self._start = match.start()
        #: Goes on behind the tag once it has been read.
        self.end = match.end()

    def scan_comment(self) -> list[Piece]:
        self._read_until("--%>")
        return []

    def scan_expression(self) -> list[Piece]:
        start = self.end
        return [Piece("expression", _unescape(self._read_until("%>")), self._file.place(start))]

    def scan_code(self) -> list[Piece]:
        start = self.end
        return [Piece("code", _unescape(self._read_until("%>")), self._file.place(start))]

    def scan_directive(self) -> list[Piece]:
        text = self._read_until("%>")
        try:
            attributes = parse_attributes(text)
            check_language(attributes.get("language", "Python"))
        except ValueError as error:
            raise self._error(f"<%@ %>: {error}") from None
        return [Piece("page", "", self._file.place(self._start), attributes)]

    def scan_include(self) -> Iterator[Piece]:
        match = _INCLUDE.match(self._file.text, self.end)
        if match is None:
            raise self._error('includes are written <!--#include file="name"--> or virtual="/name"')
        self.end = match.end()
        name = match[2] or match[3] or match[4]
        if match[1].lower() == "virtual":
            name = "/" + name.lstrip("/\\")
        elif name.startswith(("/", "\\")):
            raise self._error(f"file={name!r} begins at the root; write virtual={name!r}")
        return scan_asp(self._files, self._files.include_url(name, self._file, self._start))

    def scan_script(self) -> list[Piece] | None:
        attributes = self._read_attributes()
        if attributes.get("runat", "").lower() != "server":
            return None
        try:
            check_language(attributes.get("language") or "Python")
        except ValueError as error:
            raise self._error(f"<script runat=server>: {error}") from None
        start = self.end
        found = _END_OF_SCRIPT.search(self._file.text, start)
        if found is None:
            raise self._error("the tag <script> is never closed by </script>")
        self.end = found.end()
        if "src" in attributes:
            file = self._files.include_url(attributes["src"], self._file, self._start)
            return [Piece("script", file.text, file.place(0))]
        return [Piece("script", self._file.text[start : found.start()], self._file.place(start))]

    def scan_object(self) -> None:
        if self._read_attributes().get("runat", "").lower() == "server":
            raise self._error("<object runat=server> is an object of COM, which is not here")

    def _read_attributes(self) -> dict[str, str]:
        """Those up to the end of the tag; what cannot be read is left to the browser."""
        match = _END_OF_TAG.match(self._file.text, self.end)
        if match is None:
            return {}
        self.end = match.end()
        pairs = (found.groups() for found in _ATTRIBUTE.finditer(match.group()))
        return {name.lower(): a or b or c or "" for name, a, b, c in pairs}

    def _read_until(self, mark: str) -> str:
        start = self.end
        end = self._file.text.find(mark, start)
        if end < 0:
            opening = self._file.text[self._start : start].strip()
            raise self._error(f"the tag {opening} is never closed by {mark}")
        self.end = end + len(mark)
        return self._file.text[start:end]

    def _error(self, message: str) -> Exception:
        return self._file.error(message, self._start)


def _unescape(code: str) -> str:
    """What stands for the end of a tag in texts of the code."""
    return code.replace(r"%\>", "%>")
