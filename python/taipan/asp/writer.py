"""Makes Python of ASP pages: as of pages in the dialect of mod_python, but for the ends of blocks.

A block that a tag opens holds the text behind the tag if the last line ends with `:`, or if only
space is before `%>`, and is its indentation: IIS put the output of text there.
"""

from __future__ import annotations

from taipan.psp.code_lines import CodeLine, code_lines, columns, leading_space
from taipan.psp.mod_python import PageWriter
from taipan.psp.pieces import Piece
from taipan.psp.program import Program

_DEFINITIONS = ("def", "class")


def write_asp(pieces: list[Piece]) -> Program:
    """The code of a page."""
    writer = _AspWriter(pieces)
    for piece in pieces:
        writer.add(piece)
    return writer.finish()


class _AspWriter(PageWriter):
    #: Ids of the blocks that were open before the tag.
    _before: set[int]

    def __init__(self, pieces: list[Piece]) -> None:
        super().__init__()
        self._pieces = pieces
        #: Of the piece behind the one that is added.
        self._next = 0

    def add(self, piece: Piece) -> None:
        self._next += 1
        super().add(piece)

    def _add_raw(self, piece: Piece, lines: list[CodeLine]) -> None:
        self._before = {id(block) for block in self._blocks}
        super()._add_raw(piece, lines)

    def _indent_text(self, physical: list[str], lines: list[CodeLine]) -> None:
        if not lines or lines[-1].opens:
            super()._indent_text(physical, lines)
            if lines and physical[-1].strip() == "":
                self._blocks[-1].body = self._indent = self._find_body(self._blocks[-1].header)
            return
        end = "" if physical[-1].strip() else physical[-1]
        opened = [block for block in self._blocks if id(block) not in self._before]
        defines = any(block.word in _DEFINITIONS for block in opened)
        if not end or defines or not self._take_indent(end):
            kept = [block.body for block in self._blocks if id(block) in self._before]
            self._take_indent(next((body for body in reversed(kept) if body is not None), ""))

    def _find_body(self, header: str) -> str:
        """The indentation of a block that begins with text: that of its first code."""
        for piece in self._pieces[self._next :]:
            if piece.kind == "code" and "\n" in piece.content:
                indent = _first_indent(piece)
                return indent if columns(indent) > columns(header) else self._indent
        return self._indent


def _first_indent(piece: Piece) -> str:
    """The indentation of the first line of a tag, or of its comment."""
    lines = code_lines(piece.content)
    if lines:
        return lines[0].indent if lines[0].number else ""
    return next((leading_space(line) for line in piece.lines[1:] if line.strip()), "")
