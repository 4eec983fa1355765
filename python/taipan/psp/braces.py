"""Blocks in braces, `:{` and `}`, instead of indentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r"""[^"'{}:#\n\\]+|\\.?|\"{3}|'{3}|.""", re.DOTALL)
_OPENING = re.compile(r":[^\S\n]*\{")
_STRING_ENDS = {
    quote: re.compile(rf"(?:[^\\]|\\.)*?(?:{quote}|\Z)", re.DOTALL)
    for quote in ('"""', "'''", '"', "'")
}


@dataclass
class BraceLine:
    """A line without indentation, and the blocks that are opened or closed before and after it."""

    #: The line of the code where it begins, from 0.
    number: int
    text: str = ""
    closes: int = 0
    opens: bool = False


def brace_lines(code: str) -> Iterator[BraceLine]:
    """The lines of a tag."""
    number = depth = position = 0
    line = BraceLine(0)
    while position < len(code):
        opening = _OPENING.match(code, position) if not depth else None
        if opening:
            line.text += ":"
            line.opens = True
            position = opening.end()
            rest = re.compile(r"[^\S\n]*(#[^\n]*)?").match(code, position)
            if rest and rest[1]:
                line.text += f" {rest[1]}"
            position = rest.end() if rest else position
            yield line
            line = BraceLine(number)
            continue
        match = _TOKEN.match(code, position)
        token = match.group() if match else code[position]
        position += len(token)
        if token == "\n":
            yield line
            number += 1
            line = BraceLine(number)
        elif token == "#":
            end = code.find("\n", position)
            end = len(code) if end < 0 else end
            line.text += "#" + code[position:end]
            position = end
        elif token in _STRING_ENDS:
            ended = _STRING_ENDS[token].match(code, position)
            end = ended.end() if ended else len(code)
            line.text += token + code[position:end]
            number += code.count("\n", position, end)
            position = end
        elif token == "}" and not depth:
            if line.text.strip():
                yield line
                line = BraceLine(number)
            line.closes += 1
        else:
            depth += (token == "{") - (token == "}")
            number += token.count("\n")
            line.text += token if line.text else token.lstrip()
    yield line
