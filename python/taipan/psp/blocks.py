"""Blocks that tags open and others close."""

from __future__ import annotations

from dataclasses import dataclass

#: What may stand before the lines that go on with a block.
_CONTINUED = {
    "else": ("if", "elif", "for", "while", "except"),
    "elif": ("if", "elif"),
    "except": ("try", "except"),
    "finally": ("try", "except", "else"),
    "case": ("case",),
}


def continues(word: str, block: str) -> bool:
    """Whether a line that begins with `word` goes on with a block that began with `block`."""
    return block in _CONTINUED.get(word, ())


@dataclass
class Block:
    """A block whose body is not at its end."""

    #: The indentation of the line that opens it.
    header: str
    #: That of its body; None while there is none.
    body: str | None
    word: str
    #: Opened by a tag whose lines are placed at the present indentation.
    placed: bool = False


def place_lines(code: str) -> list[str]:
    """The lines of a tag, moved to the left by what is common to them.

    Comments do not count. The first one loses all of its indentation: what is before it is text.
    """
    first, *rest = code.split("\n")
    counted = [line for line in [first, *rest] if line.strip() and line.lstrip()[0] != "#"]
    margins = [len(line) - len(line.lstrip(" \t")) for line in counted]
    margin = min(margins, default=0)
    return [first.lstrip(" \t"), *(_cut(line, margin) for line in rest)]


def _cut(line: str, margin: int) -> str:
    """Takes away as much indentation, or what there is: lines of texts may have less."""
    return line[min(margin, len(line) - len(line.lstrip(" \t"))) :]
