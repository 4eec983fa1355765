"""Leaves a request to the server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from taipan.fields import PASS_TO_FILES, PASS_TO_NEXT
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.output import WholeResponse

#: Fields that follow from the file, or that the server makes.
_OWN = frozenset(
    (
        "accept-ranges",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "etag",
        "last-modified",
        "server",
        "transfer-encoding",
    )
)

Fields = Iterable[tuple[str, str]]


class FileFields(NamedTuple):
    """What goes into the head of a file's answer, but for what follows from the file."""

    #: In every answer.
    always: Fields
    #: If the file is there.
    found: Fields
    #: Instead of the type of the file.
    content_type: str | None


def pass_to_files(request: ScriptRequest, fields: FileFields) -> None:
    """Lets the file answer that the path of the request names, or a 404."""
    kind = fields.content_type
    found = [] if kind is None else [("Content-Type", kind)]
    # The server takes those behind the field for those of a file.
    _pass(request, *_carry(fields.always), PASS_TO_FILES, *_carry(fields.found), *found)


def pass_to_next(request: ScriptRequest) -> None:
    """Lets the next route answer that matches."""
    _pass(request, PASS_TO_NEXT)


def _carry(fields: Fields) -> Fields:
    passed = PASS_TO_FILES[0].lower()
    return (one for one in fields if (name := one[0].lower()) not in _OWN and name != passed)


def _pass(request: ScriptRequest, *fields: tuple[str, str]) -> None:
    request.drop()
    # Whoever sees it in spite of the field has no answer.
    request.output.answer(WholeResponse("404 Not Found", [*fields], []))
