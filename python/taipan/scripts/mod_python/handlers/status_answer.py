"""Answers with a status instead of what a handler has written."""

from __future__ import annotations

from typing import Any

from taipan.fields import STANDS_IN_FIELD
from taipan.scripts.mod_python.constants import HTTP_INTERNAL_SERVER_ERROR
from taipan.scripts.mod_python.response_head import BODILESS
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import status_line
from taipan.scripts.request.output import WholeResponse


def answer_status(status: int, request: ScriptRequest, req: Any) -> None:
    """Ends a request with a status of HTTP; nothing changes once the response has begun.

    Of an error only `err_headers_out` go out, and the location of a redirect.
    """
    if request.output.begun:
        return
    if not 200 <= status <= 599:
        url = request.environ["REQUEST_URI"]
        text = f"{url}: the handler returned {status}, which is no status; answered with 500"
        request.settings.reporter.report("error", text)
        status = HTTP_INTERNAL_SERVER_ERROR
    if status < 300 and status not in BODILESS:
        req.status = status
        return
    request.drop()
    req.become_error(status)
    head = req.make_head()
    mark = [STANDS_IN_FIELD] if status >= 400 else []
    phrase = status_line(status).partition(" ")[2]
    body = [] if status in BODILESS else [f"{phrase}\n".encode()]
    request.output.answer(WholeResponse(head.status, [*head.fields, *mark], body))
