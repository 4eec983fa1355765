"""Logical lines of Python code that need not be complete."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<space>[^\S\n]+|\\\n)|(?P<comment>\#[^\n]*)|(?P<quote>\"{3}|'{3}|["'])"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<newline>\n)|(?P<word>\w+)|(?P<other>.)""",
    re.VERBOSE,
)
_STRING_ENDS = {
    quote: re.compile(
        rf"(?:[^\\{quote[0]}]|\\.|{quote[0]}(?!{quote[1:]}))*(?:{quote}|\Z)", re.DOTALL
    )
    for quote in ('"""', "'''")
} | {
    quote: re.compile(rf"(?:[^\\\n{quote}]|\\.)*(?:{quote}|(?=\n)|\Z)", re.DOTALL)
    for quote in "\"'"
}


@dataclass
class CodeLine:
    """A logical line that is not only a comment."""

    #: The line of the code where it begins, from 0.
    number: int
    indent: str
    #: Its first word, as `if`; `async` is left out.
    word: str
    #: Whether a block has to follow.
    opens: bool = False


def code_lines(code: str) -> list[CodeLine]:
    """The logical lines of a piece of code."""
    lines: list[CodeLine] = []
    current: CodeLine | None = None
    depth = number = position = 0
    line_start = 0
    while position < len(code):
        match = _TOKEN.match(code, position)
        if match is None:
            break
        kind, token, start = match.lastgroup, match.group(), position
        position = match.end()
        if kind == "quote":
            ended = _STRING_ENDS[token].match(code, position)
            position = ended.end() if ended else position
        if kind == "newline" and not depth:
            current = None
        elif kind not in ("space", "comment", "newline"):
            if current is None:
                current = CodeLine(number, code[line_start:start], "")
                lines.append(current)
            if kind == "word" and current.word in ("", "async"):
                current.word = token
            depth = max(0, depth + (kind == "open") - (kind == "close"))
            current.opens = token == ":" and not depth
        breaks = code.count("\n", start, position)
        if breaks:
            number += breaks
            line_start = code.rfind("\n", start, position) + 1
    return lines


def columns(indent: str) -> int:
    """How far an indentation reaches, as Python counts tabs."""
    return len(indent.expandtabs(8))


def leading_space(line: str) -> str:
    """The indentation of a line."""
    return line[: len(line) - len(line.lstrip(" \t"))]
