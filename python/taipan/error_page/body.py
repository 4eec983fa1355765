"""What is in the body of a request, if it has arrived whole; nothing is read for it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from taipan.events import BODY_KEY
from taipan.forms import FieldStorage, FormError, parse_header

_BYTES: Final = 1024 * 1024
_FIELDS: Final = 1000

#: Title, and names with values.
Body = tuple[str, Sequence[tuple[str, str]]]
_NOTHING: Final[Body] = ("", ())


def read_body(content: bytes, content_type: str) -> Body:
    """The fields of a form, or the text of JSON."""
    if not 0 < len(content) <= _BYTES:
        return _NOTHING
    kind, _ = parse_header(content_type.lower())
    if kind == "application/json" or kind.endswith("+json"):
        return "Body", [("JSON", content.decode("utf-8", "replace"))]
    if kind == "application/x-www-form-urlencoded":
        return "Form", parse_pairs(content.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        return "Form", list(_read_parts(content, content_type))
    return _NOTHING


def find_content(request: Mapping[str, Any]) -> bytes:
    """The body of an environ or a scope, as far as it is in memory."""
    body = request.get("wsgi.input")
    if type(body) is io.BytesIO and not body.closed:
        return body.getvalue()
    return bytes(request.get(BODY_KEY, b""))


def parse_pairs(text: str) -> Sequence[tuple[str, str]]:
    """The fields of a query or a form."""
    try:
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_FIELDS)
    except ValueError:
        return ()


def _read_parts(content: bytes, content_type: str) -> Iterator[tuple[str, str]]:
    headers = {"content-type": content_type, "content-length": str(len(content))}
    try:
        form = FieldStorage(
            io.BytesIO(content), headers, environ={"REQUEST_METHOD": "POST"}, keep_blank_values=1
        )
    except FormError:
        return
    for part in form.list or ():
        if part.filename is None:
            yield str(part.name), str(part.value)
        else:
            size = len(part.value)
            yield str(part.name), f"(file {part.filename!r}, {part.type}, {size} bytes)"
