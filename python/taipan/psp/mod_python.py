"""Makes Python of pages in the dialect of mod_python.

Lines of a tag keep their indentation and text takes that of the last one, as in mod_python.
Where that is no Python, a tag is *placed*: put at the indentation of the text around it.
"""

from __future__ import annotations

from collections.abc import Iterable

from taipan.psp.blocks import Block, continues, place_lines
from taipan.psp.code_lines import CodeLine, code_lines, columns, leading_space
from taipan.psp.output import SHOW, WRITE
from taipan.psp.pieces import Piece, Place
from taipan.psp.program import Program


def write_mod_python(pieces: Iterable[Piece]) -> Program:
    """The module of a page."""
    writer = PageWriter()
    for piece in pieces:
        writer.add(piece)
    return writer.finish()


class PageWriter:
    """Writes the lines of a page, piece by piece."""

    def __init__(self) -> None:
        self._program = Program()
        #: The indentation of text.
        self._indent = ""
        #: Those that are open, outermost first.
        self._blocks: list[Block] = []
        #: A block that has no statement yet.
        self._bare: Block | None = None
        self._place = Place(0, 1, 0)

    def add(self, piece: Piece) -> None:
        """Adds a text or a tag."""
        self._place = piece.place
        if piece.kind == "text":
            self._begin_statement(self._indent)
            self._program.add(f"{self._indent}{WRITE}({piece.content!r})", piece.place)
        elif piece.kind == "expression":
            self._begin_statement(self._indent)
            before = f"{self._indent}{WRITE}({SHOW}("
            # On a line of its own, so that a comment does not swallow it.
            self._program.add_code(before, piece.content, piece.place)
            self._program.add("))", piece.place)
        else:
            self._add_code(piece)

    def finish(self) -> Program:
        """The module, once all is added."""
        self._begin_statement("")
        return self._program

    def _begin_statement(self, indent: str) -> None:
        """Gives a block without statements one, unless the next statement is in it."""
        bare, self._bare = self._bare, None
        if bare is not None and columns(indent) <= columns(bare.header):
            self._program.add(f"{bare.body}pass", self._place)

    def _add_code(self, piece: Piece) -> None:
        lines = code_lines(piece.content)
        single = "\n" not in piece.content
        in_placed = bool(self._blocks) and self._blocks[-1].placed
        opens_first = bool(lines) and lines[0].number == 0 and lines[0].opens
        if in_placed and (not piece.content.strip() or piece.content.strip() == "end"):
            self._close_placed()
        elif single or in_placed or opens_first:
            self._add_placed(piece, lines)
        else:
            self._add_raw(piece, lines)

    def _close_placed(self) -> None:
        block = self._blocks.pop()
        self._begin_statement(block.header)
        self._indent = block.header

    # Placed

    def _add_placed(self, piece: Piece, lines: list[CodeLine]) -> None:
        if not lines:
            return
        self._continue_block(lines[0].word)
        self._begin_statement(self._indent)
        placed = place_lines(piece.content)
        for index, line in enumerate(placed):
            self._program.add_cut(self._indent, line, piece, index)
        last = lines[-1]
        if last.opens:
            header = self._indent + leading_space(placed[last.number])
            block = Block(self._indent, header + "\t", last.word, placed=True)
            self._blocks.append(block)
            self._bare = Block(header, block.body, last.word)
            self._indent = header + "\t"

    def _continue_block(self, word: str) -> None:
        """Leaves the body of the block that a line as `else:` goes on with."""
        for index in reversed(range(len(self._blocks))):
            block = self._blocks[index]
            if continues(word, block.word):
                self._begin_statement(block.header)
                del self._blocks[index:]
                self._indent = block.header
                return
            if block.placed:
                return

    # As they are

    def _add_raw(self, piece: Piece, lines: list[CodeLine]) -> None:
        starts = {line.number: line for line in lines}
        physical = piece.content.split("\n")
        for index, text in enumerate(physical):
            begun = starts.get(index)
            if index == 0:
                indent, text = (self._indent, text.lstrip(" \t")) if begun else ("", "")
            else:
                indent = ""
            if begun is not None:
                if index == 0:
                    begun.indent = self._indent
                self._begin_statement(begun.indent)
            self._program.add_cut(indent, text, piece, index)
        for line in lines:
            self._enter(line)
        self._indent_text(physical, lines)

    def _enter(self, line: CodeLine) -> None:
        self._leave(line.indent)
        if self._blocks and self._blocks[-1].body is None:
            self._blocks[-1].body = line.indent
        if line.opens:
            self._blocks.append(Block(line.indent, None, line.word))

    def _leave(self, indent: str) -> None:
        while self._blocks and columns(self._blocks[-1].header) >= columns(indent):
            self._blocks.pop()

    def _indent_text(self, physical: list[str], lines: list[CodeLine]) -> None:
        indent = _last_indent(physical)
        if lines and lines[-1].opens:
            block = self._blocks[-1]
            deeper = columns(indent) > columns(block.header)
            block.body = self._indent = indent if deeper else block.header + "\t"
            self._bare = block
            return
        fallback = lines[-1].indent if lines else physical[-1]
        if not (self._take_indent(indent) or self._take_indent(fallback)):
            bodies = self._bodies()
            self._leave(fallback)
            self._indent = bodies[-1] if lines else _nearest(bodies, fallback)

    def _take_indent(self, wanted: str) -> bool:
        """Gives text this indentation, if it is that of a block."""
        for body in self._bodies():
            if columns(body) == columns(wanted):
                self._leave(body)
                self._indent = body
                return True
        return False

    def _bodies(self) -> list[str]:
        return ["", *(block.body for block in self._blocks if block.body is not None)]


def _last_indent(physical: list[str]) -> str:
    """The indentation that mod_python gives to text behind a tag of several lines."""
    last = physical[-1]
    if not last.strip():
        # It is there twice: as it is written and before the text.
        if last:
            return last * 2
        return leading_space(physical[-2]) if len(physical) > 2 else ""
    return leading_space(last)


def _nearest(bodies: list[str], indent: str) -> str:
    return [body for body in bodies if columns(body) <= columns(indent)][-1]
