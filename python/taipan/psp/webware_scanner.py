"""Takes pages in the dialect of Webware to pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Callable

from taipan.psp.page_files import PageFile, PageFiles
from taipan.psp.pieces import Kind, Piece

_TAG = re.compile(
    r"(?P<comment><%--)|(?P<expression><%=[ \n]*)|(?P<directive><%@[ \n]*)"
    r"|(?P<end><%[ \n]*end[ \n]*\$?%>)|(?P<code><%)|(?P<block><psp:(?:file|class)>)"
    r"|(?P<method><psp:method)|(?P<include><psp:include)|(?P<insert><psp:insert)"
)
_DIRECTIVE = re.compile(r"page|include|taglib")
_ATTRIBUTE = re.compile(
    r"""\s*([^\s=>%"'/]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""", re.DOTALL
)
_END_OF_DIRECTIVE = re.compile(r"\s*%>")
_END_OF_TAG = re.compile(r"\s*/?>")

PAGE_ATTRIBUTES = frozenset(
    (
        "imports extends method isThreadSafe isInstanceSafe indentType indentSpaces"
        " gobbleWhitespace formatter"
    ).split()
)


def scan_webware(files: PageFiles, file: PageFile) -> Iterator[Piece]:
    """The pieces of a page with those of all that it includes. Raises `PageSyntaxError`."""
    with files.entered(file):
        position = 0
        while True:
            match = _TAG.search(file.text, position)
            end = match.start() if match else len(file.text)
            yield Piece("text", file.text[position:end], file.place(position))
            if match is None:
                return
            tag = _Tag(file, match)
            if match.lastgroup == "directive":
                yield from _scan_directive(files, tag)
            else:
                yield from _SCANNERS[str(match.lastgroup)](tag)
            position = tag.end


@dataclass
class _Tag:
    """A tag that is read from its start to its end."""

    file: PageFile
    match: re.Match[str]

    def __post_init__(self) -> None:
        self.start = self.match.start()
        self.end = self.match.end()

    def error(self, message: str) -> Exception:
        return self.file.error(message, self.start)

    def read_until(self, mark: str) -> tuple[str, int]:
        """The content up to a mark, and where it begins; goes on behind the mark."""
        start = self.end
        stop = self.file.text.find(mark, start)
        if stop < 0:
            raise self.error(f"the tag {self.match.group().strip()} is never closed by {mark}")
        self.end = stop + len(mark)
        return self.file.text[start:stop], start

    def read_attributes(self, name: str, close: re.Pattern[str]) -> dict[str, str]:
        """The attributes up to the end of the tag."""
        found: dict[str, str] = {}
        while match := _ATTRIBUTE.match(self.file.text, self.end):
            value = match[2] if match[2] is not None else match[3]
            found[match[1]] = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
            self.end = match.end()
        end = close.match(self.file.text, self.end)
        if end is None:
            raise self.error(
                f'{name}: attributes are written name="value" up to the end of the tag'
            )
        self.end = end.end()
        return found

    def check(self, name: str, attributes: dict[str, str], wanted: str, more: str = "") -> None:
        if wanted and not attributes.get(wanted):
            raise self.error(f"{name} needs the attribute {wanted}")
        for attribute in attributes:
            if attribute != wanted and attribute not in more.split():
                raise self.error(f"{name} has no attribute {attribute}")

    def piece(self, kind: Kind, content: str, start: int) -> Piece:
        return Piece(kind, content, self.file.place(start))


def _scan_comment(tag: _Tag) -> Iterator[Piece]:
    tag.read_until("--%>")
    return iter(())


def _scan_python(kind: Kind, tag: _Tag) -> Iterator[Piece]:
    yield tag.piece(kind, *tag.read_until("%>"))


def _scan_end(tag: _Tag) -> Iterator[Piece]:
    yield tag.piece("end", "", tag.start)


def _scan_block(tag: _Tag) -> Iterator[Piece]:
    kind: Kind = "file" if "file" in tag.match.group() else "class"
    yield tag.piece(kind, *tag.read_until(f"</psp:{kind}>"))


def _scan_method(tag: _Tag) -> Iterator[Piece]:
    attributes = tag.read_attributes("<psp:method>", _END_OF_TAG)
    tag.check("<psp:method>", attributes, "name", "params")
    content, start = tag.read_until("</psp:method>")
    yield Piece("method", content, tag.file.place(start), attributes)


def _scan_reference(kind: Kind, wanted: str, tag: _Tag) -> Iterator[Piece]:
    attributes = tag.read_attributes(f"<psp:{kind}>", _END_OF_TAG)
    tag.check(f"<psp:{kind}>", attributes, wanted)
    yield tag.piece(kind, attributes[wanted], tag.start)


def _scan_directive(files: PageFiles, tag: _Tag) -> Iterator[Piece]:
    name = _DIRECTIVE.match(tag.file.text, tag.end)
    if name is None:
        raise tag.error("unknown directive; there are page and include")
    if name.group() == "taglib":
        raise tag.error("the directive taglib does not exist here")
    tag.end = name.end()
    attributes = tag.read_attributes(f"<%@ {name.group()} %>", _END_OF_DIRECTIVE)
    if name.group() == "include":
        tag.check("<%@ include %>", attributes, "file")
        yield from scan_webware(files, files.include(attributes["file"], tag.file, tag.start))
    else:
        tag.check("<%@ page %>", attributes, "", " ".join(PAGE_ATTRIBUTES))
        yield Piece("page", "", tag.file.place(tag.start), attributes)


_SCANNERS: dict[str, Callable[[_Tag], Iterator[Piece]]] = {
    "comment": _scan_comment,
    "expression": partial(_scan_python, "expression"),
    "end": _scan_end,
    "code": partial(_scan_python, "code"),
    "block": _scan_block,
    "method": _scan_method,
    "include": partial(_scan_reference, "include", "path"),
    "insert": partial(_scan_reference, "insert", "file"),
}
