"""Python code made of a page, whose lines know where in the page they come from."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from types import CodeType
from typing import Callable

from taipan.psp.errors import PageSyntaxError
from taipan.psp.page_files import PageFile
from taipan.psp.pieces import Piece, Place


@dataclass(frozen=True)
class _Origin:
    place: Place
    #: Added to a column of the code for one of the page; None where a line has no columns.
    shift: int | None


class LineNumbers:
    """Line numbers for the files of a page in one code object, which has one file name.

    Lines of the page have their own numbers; those of the files that it includes go on behind.
    """

    def __init__(self, files: list[PageFile]) -> None:
        self.paths = [file.path for file in files]
        self._firsts = [0]
        for file in files:
            self._firsts.append(self._firsts[-1] + file.text.count("\n") + 2)

    def number(self, place: Place) -> int:
        """The line number in the code object."""
        return self._firsts[place.file] + place.line

    def locate(self, number: int) -> tuple[str, int]:
        """The file and the line in it."""
        index = next(
            i for i in reversed(range(len(self.paths))) if self._firsts[i] < max(1, number)
        )
        return self.paths[index], max(1, number - self._firsts[index])


class Program:
    """Lines of Python; `compile` makes code of them."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._origins: list[_Origin] = []

    def add(self, line: str, place: Place) -> None:
        """Adds a line that is not in the page as such."""
        self._lines.append(line)
        self._origins.append(_Origin(place, None))

    def add_code(self, before: str, code: str, place: Place) -> None:
        """Adds code of the page, which may have several lines, the first one after `before`.

        `place` is where the code begins in the page.
        """
        for index, line in enumerate(code.split("\n")):
            here = Place(place.file, place.line + index, 0 if index else place.column)
            self._lines.append(line if index else before + line)
            self._origins.append(
                _Origin(here, here.column - (0 if index else len(before.encode())))
            )

    def add_cut(self, before: str, line: str, piece: Piece, index: int) -> None:
        """Adds a line of a tag, the one with this index, that has lost some of its start."""
        place = piece.place
        whole = piece.lines[index]
        column = len(whole.encode()) - len(line.encode()) + (0 if index else place.column)
        before = before if line.strip() else ""
        self.add_code(before, line, Place(place.file, place.line + index, column))

    def extend(self, other: Program) -> None:
        """Adds the lines of another one."""
        self._lines += other._lines
        self._origins += other._origins

    @property
    def size(self) -> int:
        """The number of lines."""
        return len(self._lines)

    @property
    def source(self) -> str:
        """All lines."""
        return "".join(line + "\n" for line in self._lines)

    def compile(
        self,
        files: list[PageFile],
        arrange: Callable[[ast.Module], None] | None = None,
    ) -> tuple[CodeType, LineNumbers]:
        """The code of the page. Raises `PageSyntaxError`.

        `arrange` may change its statements, whose lines are those of the program then.
        """
        numbers = LineNumbers(files)
        path = files[0].path
        try:
            tree = ast.parse(self.source, path)
        except SyntaxError as error:
            where = self._where(error.lineno or self._find_nul(), numbers)
            raise PageSyntaxError(_without_line(error.msg), *where) from None
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise self._refusal(error, numbers) from None
        try:
            if arrange is not None:
                arrange(tree)
            for node in ast.walk(tree):
                self._relocate(node, numbers)
            return compile(tree, path, "exec", dont_inherit=True), numbers
        except SyntaxError as error:
            raise PageSyntaxError(error.msg, *numbers.locate(error.lineno or 1)) from None
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            raise self._refusal(error, numbers) from None

    def _refusal(self, error: Exception, numbers: LineNumbers) -> PageSyntaxError:
        """What is wrong with code that Python refuses without a line."""
        message = str(error) or "the code is nested too deep"
        return PageSyntaxError(message, *self._where(self._find_nul(), numbers))

    def _where(self, number: int, numbers: LineNumbers) -> tuple[str, int]:
        """The file and its line that a line of the program comes from."""
        return numbers.locate(numbers.number(self._origin(number).place))

    def _find_nul(self) -> int:
        """The first line that has a NUL, which Python refuses without saying where."""
        return next((i for i, line in enumerate(self._lines, 1) if "\0" in line), 1)

    def _origin(self, number: int) -> _Origin:
        return self._origins[min(max(number, 1), len(self._origins)) - 1]

    def _relocate(self, node: ast.AST, numbers: LineNumbers) -> None:
        line = getattr(node, "lineno", None)
        if line is None:
            return
        start = self._position(line, getattr(node, "col_offset", 0), numbers)
        last = getattr(node, "end_lineno", line)
        end = self._position(last, getattr(node, "end_col_offset", 0), numbers)
        # Python refuses an end before the start, as of a block that an included file opens.
        end = max(start, end)
        vars(node).update(
            lineno=start[0], col_offset=start[1], end_lineno=end[0], end_col_offset=end[1]
        )

    def _position(self, line: int, column: int, numbers: LineNumbers) -> tuple[int, int]:
        origin = self._origin(line)
        shifted = 0 if origin.shift is None else max(0, column + origin.shift)
        return numbers.number(origin.place), shifted


def _without_line(message: str) -> str:
    """Leaves out numbers of lines that are not the page's."""
    return re.sub(r" \(?on line \d+\)?| after .* on line \d+", "", message)
