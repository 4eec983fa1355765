"""What a page consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Kind = Literal[
    "text",
    "expression",
    "code",
    # Directives of Webware and ASP.
    "page",
    # Of Webware only.
    "end",
    "file",
    "class",
    "method",
    "include",
    "insert",
    # Of ASP only.
    "script",
]


@dataclass(frozen=True)
class Place:
    """A character of a page or of a file that it includes."""

    #: Index in the files of the page; the page itself is the first.
    file: int
    #: Counts from 1.
    line: int
    #: In bytes of UTF-8 from the start of the line, as Python counts them.
    column: int


@dataclass(frozen=True)
class Piece:
    """Text, or a tag with what is in it."""

    kind: Kind
    content: str
    #: Where the content begins.
    place: Place
    attributes: dict[str, str] = field(default_factory=dict)

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the content."""
        return self.content.split("\n")


def merge_texts(pieces: list[Piece]) -> list[Piece]:
    """Makes one of texts that follow each other; empty ones vanish."""
    merged: list[Piece] = []
    run: list[Piece] = []

    def end_run() -> None:
        if run:
            merged.append(Piece("text", "".join(one.content for one in run), run[0].place))
            run.clear()

    for piece in pieces:
        if piece.kind != "text":
            end_run()
            merged.append(piece)
        elif piece.content:
            run.append(piece)
    end_run()
    return merged
