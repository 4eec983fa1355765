"""Leaves a request to the server."""

from __future__ import annotations

from taipan.fields import PASS_TO_FILES, PASS_TO_NEXT
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.output import WholeResponse


def pass_to_files(request: ScriptRequest) -> None:
    """Lets the file answer that the path of the request names, or a 404."""
    _pass(request, PASS_TO_FILES)


def pass_to_next(request: ScriptRequest) -> None:
    """Lets the next route answer that matches."""
    _pass(request, PASS_TO_NEXT)


def _pass(request: ScriptRequest, field: tuple[str, str]) -> None:
    request.drop()
    # Whoever sees it in spite of the field has no answer.
    request.output.answer(WholeResponse("404 Not Found", [field], []))
