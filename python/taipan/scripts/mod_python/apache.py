"""The module `apache`: codes, and the exception that ends a page with one of them."""

from __future__ import annotations

import sys
from http import HTTPStatus
from typing import Any

OK = 0
DECLINED = -1
DONE = -2

#: Names that are not those of `http.HTTPStatus`.
_OTHER_NAMES = {
    "HTTP_MOVED_TEMPORARILY": 302,
    "HTTP_TIME_OUT": 408,
    "HTTP_REQUEST_TIME_OUT": 408,
    "HTTP_VARIANT_ALSO_VARIES": 506,
    "HTTP_NON_AUTHORITATIVE": 203,
    "HTTP_GATEWAY_TIME_OUT": 504,
    "HTTP_RANGE_NOT_SATISFIABLE": 416,
}

#: As `HTTP_NOT_FOUND`.
globals().update({f"HTTP_{status.name}": status.value for status in HTTPStatus})
globals().update(_OTHER_NAMES)

APLOG_EMERG, APLOG_ALERT, APLOG_CRIT, APLOG_ERR = range(4)
APLOG_WARNING, APLOG_NOTICE, APLOG_INFO, APLOG_DEBUG = range(4, 8)
APLOG_NOERRNO = 8

interpreter = "main_interpreter"


class ServerReturn(Exception):
    """Ends a page: with what it has written for OK and DONE, else with the answer of a status."""


SERVER_RETURN = ServerReturn


def log_error(message: object, level: int = APLOG_ERR, server: Any = None) -> None:
    """Writes to the log."""
    print(message, file=sys.stderr)
