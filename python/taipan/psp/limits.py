"""How much code a page may have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from taipan.psp.errors import PageSyntaxError
from taipan.psp.page_files import PageFiles
from taipan.psp.pieces import Piece

# Compiling takes about 10 KiB of memory for each tag, and 1 KiB for each line.
_TAGS_LIMIT = 20_000
_CODE_LIMIT = 1024 * 1024


def within_limits(pieces: Iterable[Piece], files: PageFiles) -> Iterator[Piece]:
    """The pieces of a page. Raises `PageSyntaxError` at the one that is too much."""
    tags = size = 0
    for piece in pieces:
        if piece.kind != "text":
            tags += 1
            size += len(piece.content)
        if tags > _TAGS_LIMIT or size > _CODE_LIMIT:
            raise PageSyntaxError(
                f"the page has more than {_TAGS_LIMIT} tags, or {_CODE_LIMIT} characters of code",
                files.all[piece.place.file].path,
                piece.place.line,
            )
        yield piece
