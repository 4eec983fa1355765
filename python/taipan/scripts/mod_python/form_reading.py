"""Reads forms out of requests."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional

from taipan.forms.charsets import resolve_charset
from taipan.forms.errors import FormError
from taipan.forms.headers import PartHeaders, parse_disposition, parse_header
from taipan.forms.limits import FormLimits, FormUsage
from taipan.forms.multipart import MultipartParser
from taipan.forms.reading import PartsReader, read_body
from taipan.forms.request import URLENCODED
from taipan.forms.urlencoded import UrlencodedParser
from taipan.scripts.mod_python import constants
from taipan.scripts.mod_python.fields import Field, StringField, make_text
from taipan.scripts.mod_python.server_return import ServerReturn
from taipan.scripts.mod_python.tables import Table

#: Gives the file for an upload of this name, and for another part.
FileCallback = Callable[[str], Any]
FieldCallback = Callable[[], Any]
Callbacks = tuple[Optional[FileCallback], Optional[FieldCallback]]


def read_fields(req: Any, keep_blank: bool, callbacks: Callbacks) -> Iterator[Any]:
    """The fields of the query, then those of the body. Raises `SERVER_RETURN`."""
    usage = FormUsage(FormLimits())
    try:
        if req.args:
            yield from read_urlencoded([_bytes_of(req.args)], keep_blank, usage)
        if req.method == "POST":
            yield from _read_body(req, keep_blank, callbacks, usage)
    except FormError as error:
        req.log_error(f"a form is refused: {error}", constants.APLOG_INFO)
        raise ServerReturn(error.status) from error


def _read_body(req: Any, keep_blank: bool, callbacks: Callbacks, usage: FormUsage) -> Iterator[Any]:
    kind, options = parse_header(req.headers_in.get("Content-Type") or URLENCODED)
    kind = kind.lower()
    if kind == URLENCODED:
        yield from read_urlencoded(read_body(req, -1, usage), keep_blank, usage)
        return
    if not kind.startswith("multipart/"):
        raise ServerReturn(constants.HTTP_NOT_IMPLEMENTED)
    boundary = options.get("boundary")
    if not boundary:
        raise ServerReturn(constants.HTTP_BAD_REQUEST)
    parser = MultipartParser(_bytes_of(boundary), usage=usage)
    parts = PartsReader(read_body(req, -1, usage), parser, 1)
    for begin in parts:
        yield _read_part(parts, begin.decode(), callbacks)


def read_urlencoded(
    pieces: Iterable[bytes], keep_blank: bool, usage: FormUsage, strict: bool = False
) -> Iterator[StringField]:
    """The fields of a query or an urlencoded body, with semicolons between them, too."""
    parser = UrlencodedParser(usage=usage)
    parser.keep_blank_values, parser.strict_parsing = keep_blank, strict
    for data in pieces:
        for name, value in parser.feed(data.replace(b";", b"&")):
            yield make_text(name, value)
    for name, value in parser.close():
        yield make_text(name, value)


def _read_part(parts: PartsReader, headers: PartHeaders, callbacks: Callbacks) -> Any:
    disposition, options = parse_disposition(headers.get("content-disposition", ""))
    kind, type_options = parse_header(headers.get("content-type", "text/plain"))
    filename = options.get("filename")
    for_file, for_field = callbacks
    parts.usage.add_fields(1)
    field: Any
    if filename:
        field = Field(options.get("name"))
        field.filename = filename
        field.file = _read_upload(parts, None if for_file is None else for_file(filename))
    else:
        charset = resolve_charset(type_options.get("charset", "")) or "utf-8"
        content = _read_text(parts)
        field = make_text(options.get("name"), content.decode(charset, "replace"))
        if for_field is not None:
            field.file = for_field()
            field.file.write(content)
            field.file.seek(0)
    # Internet Explorer 6 wrote something without a slash.
    field.type = kind if "/" in kind else "application/octet-stream"
    field.type_options = type_options
    field.disposition, field.disposition_options = disposition, options
    field.headers = Table.of_pairs(headers.pairs)
    return field


def _read_text(parts: PartsReader) -> bytes:
    """The content of the present part, for memory."""
    pieces = []
    for data in parts.read_content():
        parts.usage.add_memory(len(data))
        pieces.append(data)
    return b"".join(pieces)


def _read_upload(parts: PartsReader, file: Any) -> Any:
    """The content of the present part in `file`, or if that is None where the limits allow it."""
    usage = parts.usage
    usage.add_file()
    limits = usage.limits
    in_memory = file is None
    file = io.BytesIO() if in_memory else file
    size = 0
    for data in parts.read_content():
        size += len(data)
        if in_memory and (size > limits.part_memory or not usage.take_memory(len(data))):
            usage.free_memory(size - len(data))
            kept, file, in_memory = file.getvalue(), tempfile.TemporaryFile("w+b"), False
            file.write(kept)
        file.write(data)
    file.seek(0)
    return file


def _bytes_of(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()
