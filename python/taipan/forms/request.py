"""Where the form of a request is, by its CGI variables."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from email.message import Message
from io import BytesIO
from typing import Any, Final, NamedTuple

URLENCODED: Final = "application/x-www-form-urlencoded"
_LENGTH: Final = re.compile(r"[0-9]{1,18}")


class FormRequest(NamedTuple):
    """What a form is read from."""

    fp: Any
    headers: Any
    #: The query, when there is a body besides.
    query: str | None


def open_request(fp: Any, headers: Any, environ: Mapping[str, str]) -> FormRequest:
    """The query of a GET or HEAD, the body of anything else."""
    if headers is not None and not isinstance(headers, (Mapping, Message)):
        raise TypeError("headers must be mapping or an instance of email.message.Message")
    method = method_of(environ)
    if method in ("GET", "HEAD"):
        query = BytesIO(os.fsencode(_query_of(environ)))
        headers = {"content-type": URLENCODED} if headers is None else headers
        return FormRequest(query, headers, None)
    fp = sys.stdin if fp is None else fp
    # What is text has bytes below it.
    fp = getattr(fp, "buffer", fp)
    if not hasattr(fp, "read"):
        raise TypeError("fp must be file pointer")
    if headers is not None:
        return FormRequest(fp, headers, None)
    headers = {"content-type": URLENCODED} if method == "POST" else {}
    for name, variable in (("content-type", "CONTENT_TYPE"), ("content-length", "CONTENT_LENGTH")):
        if variable in environ:
            headers[name] = environ[variable]
    return FormRequest(fp, headers, environ.get("QUERY_STRING"))


def method_of(environ: Mapping[str, str]) -> str:
    """The method in upper case."""
    return environ.get("REQUEST_METHOD", "GET").upper()


def parse_length(text: str) -> int:
    """The value of Content-Length; -1 when it says nothing."""
    return int(text) if _LENGTH.fullmatch(text.strip()) else -1


def _query_of(environ: Mapping[str, str]) -> str:
    if "QUERY_STRING" in environ:
        return environ["QUERY_STRING"]
    return sys.argv[1] if sys.argv[1:] else ""
