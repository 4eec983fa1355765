"""What is in the body of a request, if it has arrived whole; nothing is read for it."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import parse_qsl

from taipan.forms import FieldStorage, FormError, parse_header

_BYTES: Final = 1024 * 1024
_FIELDS: Final = 1000

#: Title, and names with values.
Body = tuple[str, Sequence[tuple[str, str]]]
_NOTHING: Final[Body] = ("", ())


def read_body(environ: Mapping[str, Any]) -> Body:
    """The fields of a form, or the text of JSON."""
    body = environ.get("wsgi.input")
    if type(body) is not io.BytesIO or body.closed:
        return _NOTHING
    with body.getbuffer() as view:
        content = b"" if len(view) > _BYTES else bytes(view)
    if not content:
        return _NOTHING
    kind, _ = parse_header(str(environ.get("CONTENT_TYPE") or "").lower())
    if kind == "application/json" or kind.endswith("+json"):
        return "Body", [("JSON", content.decode("utf-8", "replace"))]
    if kind == "application/x-www-form-urlencoded":
        return "Form", parse_pairs(content.decode("utf-8", "replace"))
    if kind == "multipart/form-data":
        return "Form", list(_read_parts(content, str(environ["CONTENT_TYPE"])))
    return _NOTHING


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
