"""Makes Python of pages in the dialect of Webware: a module with a class that writes the page."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from typing import NoReturn

from taipan.psp.blocks import continues, place_lines
from taipan.psp.braces import brace_lines
from taipan.psp.code_lines import code_lines, columns, leading_space
from taipan.psp.errors import PageSyntaxError
from taipan.psp.output import SHOW, WRITE
from taipan.psp.page_files import PageFiles
from taipan.psp.pieces import Piece, Place, merge_texts
from taipan.psp.program import Program
from taipan.psp.webware_page import WebwareSettings, read_settings

_START = Place(0, 1, 0)
_CLASS = "    "
_METHOD = _CLASS * 2


def write_webware(pieces: list[Piece], files: PageFiles) -> tuple[Program, str, str]:
    """The module of a page, the name of its class, and that of the method that writes the page."""
    page = files.all[0]
    settings = read_settings(pieces, lambda piece, message: _refuse(files, piece, message))
    stem, extension = os.path.splitext(os.path.basename(page.path))
    name = "page_" + re.sub(r"\W", "_", stem + extension.replace(".", "_"))
    program = Program()
    _write_class(program, pieces, settings, name)
    _write_main(program, pieces, settings, files)
    return program, name, settings.method


def _refuse(files: PageFiles, piece: Piece, message: str) -> NoReturn:
    raise PageSyntaxError(message, files.all[piece.place.file].path, piece.place.line)


def _write_class(
    program: Program, pieces: list[Piece], settings: WebwareSettings, name: str
) -> None:
    for place, line in settings.imports:
        program.add(line, place)
    for piece in pieces:
        if piece.kind == "file":
            _add_lines(program, piece, "")
    bases = ", ".join(f"_psp_base({base!r})" for base in settings.extends)
    program.add(f"class {name}({bases}):", settings.extends_place)
    program.add(f"{_CLASS}def canBeThreaded(self): return {settings.thread_safe}", _START)
    program.add(f"{_CLASS}def canBeReused(self): return {settings.instance_safe}", _START)
    program.add(f"{_CLASS}def initPSP(self): pass", _START)
    methods = [piece for piece in pieces if piece.kind == "method"]
    if all(piece.attributes["name"] != "awake" for piece in methods):
        program.add(f"{_CLASS}def awake(self, trans):", _START)
        program.add(f"{_METHOD}getattr(super({name}, self), 'awake', id)(trans)", _START)
        program.add(f"{_METHOD}self.initPSP()", _START)
    for piece in pieces:
        if piece.kind == "class":
            _add_lines(program, piece, _CLASS)
    for piece in methods:
        _write_method(program, piece)


def _write_method(program: Program, piece: Piece) -> None:
    name, params = piece.attributes["name"], piece.attributes.get("params", "").strip()
    arguments = f"self, {params}" if params else "self"
    program.add(" ".join(f"{_CLASS}def {name}({arguments}):".split("\n")), piece.place)
    if name == "awake":
        program.add(f"{_METHOD}self.initPSP()", piece.place)
    _add_lines(program, piece, _METHOD)
    if not code_lines(piece.content):
        program.add(f"{_METHOD}pass", piece.place)


def _add_lines(program: Program, piece: Piece, indent: str) -> None:
    for index, line in enumerate(place_lines(piece.content)):
        program.add_cut(indent, line, piece, index)


def _write_main(
    program: Program, pieces: list[Piece], settings: WebwareSettings, files: PageFiles
) -> None:
    method = settings.method
    program.add(f"{_CLASS}def {method}(self, transaction=None):", _START)
    program.add(f"{_METHOD}trans = self._transaction", _START)
    program.add(f"{_METHOD}self._{method}(trans.response(), trans.request(), trans)", _START)
    program.add(f"{_CLASS}def _{method}(self, res, req=None, trans=None):", _START)
    program.add(f"{_METHOD}{WRITE} = res.write", _START)
    if settings.formatter:
        program.add(
            f"{_METHOD}_formatter = lambda value, _psp_format=({settings.formatter}):"
            f" {SHOW}(_psp_format(value))",
            settings.formatter_place,
        )
    else:
        program.add(f"{_METHOD}_formatter = {SHOW}", _START)
    body = _Body(program, settings, files)
    inside = merge_texts([piece for piece in pieces if piece.kind != "page"])
    for piece in _gobble(inside) if settings.gobbles else inside:
        body.add(piece)
    body.finish()


def _gobble(pieces: list[Piece]) -> Iterable[Piece]:
    """Leaves out white space between two tags with code."""
    for index, piece in enumerate(pieces):
        around = {one.kind for one in pieces[max(0, index - 1) : index + 2] if one is not piece}
        inside = 0 < index < len(pieces) - 1
        if not (
            inside
            and piece.kind == "text"
            and piece.content.isspace()
            and around <= {"code", "end"}
        ):
            yield piece


def _read_lines(content: str) -> tuple[list[str], bool]:
    """The lines of a tag, and whether its end, `$`, says that text takes their indentation."""
    ended = content.rstrip("\n")
    manual = ended.endswith("$")
    if manual:
        content = ended[:-1] + content[len(ended) :]
    lines = place_lines(content)
    if content.startswith(" \n") and lines[1:] == content.split("\n")[1:]:
        # Behind one space after the tag Webware moves the first line to the left.
        index = next((index for index, line in enumerate(lines) if line.strip()), 0)
        lines[index] = lines[index].lstrip()
    return lines, manual


class _Body:
    """The statements of the method that writes the page."""

    def __init__(self, program: Program, settings: WebwareSettings, files: PageFiles) -> None:
        self._program = program
        self._settings = settings
        self._files = files
        #: Outermost first: the indentation around each open block, and how it began.
        self._blocks: list[tuple[str, str]] = []
        self._indent = _METHOD
        #: Of text after a tag that ends with `$`.
        self._user_indent = ""
        #: Whether the innermost block has no statement yet.
        self._bare = False
        #: How the block began that was closed just now.
        self._closed = ""
        self._place = _START

    def add(self, piece: Piece) -> None:
        self._place = piece.place
        if piece.kind == "end":
            self._close()
            self._user_indent = ""
        elif piece.kind == "code":
            if self._settings.braces:
                self._add_braces(piece)
            else:
                self._add_code(piece)
        elif piece.kind in ("text", "expression", "include", "insert"):
            self._add_output(piece)

    def finish(self) -> None:
        if self._bare:
            self._program.add(f"{self._indent}pass", self._place)

    def _begin_statement(self) -> None:
        self._bare = False
        self._closed = ""

    def _add_output(self, piece: Piece) -> None:
        self._begin_statement()
        indent = self._user_indent + self._indent
        if piece.kind == "expression":
            content = piece.content.replace(r"%\\>", "%>")
            self._program.add_code(f"{indent}{WRITE}(_formatter(", content, piece.place)
            self._program.add("))", piece.place)
        elif piece.kind == "text":
            self._program.add(f"{indent}{WRITE}({piece.content!r})", piece.place)
        elif piece.kind == "include":
            call = "self.transaction().application().includeURL(self.transaction(), "
            self._program.add(f"{indent}{call}{piece.content!r})", piece.place)
        else:
            path = self._files.resolve(piece.content)
            if not os.path.isfile(path):
                _refuse(self._files, piece, f'cannot insert "{piece.content}": {path} is no file')
            self._program.add(f"{indent}{WRITE}(_psp_read({path!r}))", piece.place)

    # Blocks by indentation

    def _add_code(self, piece: Piece) -> None:
        lines, manual = _read_lines(piece.content)
        starts = code_lines("\n".join(lines))
        self._user_indent = ""
        if starts:
            self._continue_block(starts[0].word)
            self._begin_statement()
            for index, line in enumerate(lines):
                self._add_line(piece, index, line)
        if manual:
            self._user_indent = leading_space(next((line for line in reversed(lines) if line), ""))
        if starts and starts[-1].opens:
            header = self._indent + leading_space(lines[starts[-1].number])
            self._open(starts[-1].word, "" if manual else header)
        elif piece.content.strip() == "pass":
            self._close()

    def _add_line(self, piece: Piece, index: int, line: str) -> None:
        whole = piece.lines[index]
        if whole.endswith(line) and "%" not in line:
            self._program.add_cut(self._indent, line, piece, index)
            return
        column = len(leading_space(whole).encode()) + (0 if index else piece.place.column)
        place = Place(piece.place.file, piece.place.line + index, column)
        kept = line.replace(r"%\\>", "%>")
        self._program.add_code(self._indent + leading_space(line), kept.lstrip(" \t"), place)

    def _continue_block(self, word: str) -> None:
        """Closes the block that a line as `else:` goes on with, if that was not done."""
        if not continues(word, self._closed) and self._blocks:
            if continues(word, self._blocks[-1][1]):
                self._close()

    def _open(self, word: str, header: str) -> None:
        self._blocks.append((self._indent, word))
        deeper = self._indent + self._settings.indent
        self._indent = (
            deeper if columns(deeper) > columns(header) else header + self._settings.indent
        )
        self._bare = True

    def _close(self) -> None:
        if self._blocks:
            if self._bare:
                self._program.add(f"{self._indent}pass", self._place)
            self._bare = False
            self._indent, self._closed = self._blocks.pop()

    # Blocks by braces

    def _add_braces(self, piece: Piece) -> None:
        code = piece.content.replace(r"%\\>", "%>")
        for line in brace_lines(code):
            for _ in range(line.closes):
                if not self._blocks:
                    _refuse(self._files, piece, "} closes no block")
                self._close()
            place = Place(piece.place.file, piece.place.line + line.number, 0)
            text = line.text.strip()
            if text:
                self._begin_statement()
                for index, part in enumerate(text.split("\n")):
                    here = Place(place.file, place.line + index, 0)
                    self._program.add(part if index else self._indent + part, here)
            if line.opens:
                self._open("", self._indent)
