"""Forms as dictionaries of lists, as `cgi.parse` and `cgi.parse_multipart` gave them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from io import BytesIO
from typing import Any

from taipan.forms.headers import parse_header
from taipan.forms.request import URLENCODED, method_of
from taipan.forms.storage import FieldStorage


def parse(
    fp: Any = None,
    environ: Mapping[str, str] | None = None,
    keep_blank_values: Any = 0,
    strict_parsing: Any = 0,
    separator: str = "&",
) -> dict[str, list[Any]]:
    """The values of the query and, of a POST, of the urlencoded body, or of its parts alone.

    `environ` is that of the request (default: `os.environ`), `fp` its body (default: `sys.stdin`).
    """
    environ = os.environ if environ is None else environ
    fp = sys.stdin if fp is None else fp
    encoding = getattr(fp, "encoding", None) or "latin-1"
    content_type = environ.get("CONTENT_TYPE", URLENCODED)
    if method_of(environ) == "POST":
        kind, options = parse_header(content_type)
        if kind.lower() == "multipart/form-data":
            if "CONTENT_LENGTH" in environ:
                options["CONTENT-LENGTH"] = environ["CONTENT_LENGTH"]
            return parse_multipart(fp, options, separator=separator)
        if kind.lower() != URLENCODED:
            fp, environ = BytesIO(), {**environ, "CONTENT_TYPE": URLENCODED, "CONTENT_LENGTH": "0"}
    else:
        environ = {**environ, "REQUEST_METHOD": "GET"}
    form = FieldStorage(
        fp,
        environ=environ,
        keep_blank_values=keep_blank_values,
        strict_parsing=strict_parsing,
        encoding=encoding,
        separator=separator,
    )
    return {name: form.getlist(name) for name in form}


def parse_multipart(
    fp: Any,
    pdict: Mapping[str, Any],
    encoding: str = "utf-8",
    errors: str = "replace",
    separator: str = "&",
) -> dict[str, list[Any]]:
    """The values of a `multipart/form-data` body: text of fields, bytes of uploads.

    `pdict` has the parameters of its Content-Type, and may have `CONTENT-LENGTH`.
    """
    boundary = pdict["boundary"]
    if isinstance(boundary, bytes):
        boundary = boundary.decode("ascii")
    headers = {"content-type": f'multipart/form-data; boundary="{boundary}"'}
    if "CONTENT-LENGTH" in pdict:
        headers["content-length"] = str(pdict["CONTENT-LENGTH"])
    form = FieldStorage(
        fp,
        headers,
        environ={"REQUEST_METHOD": "POST"},
        encoding=encoding,
        errors=errors,
        separator=separator,
    )
    with form:
        return {name: form.getlist(name) for name in form}
