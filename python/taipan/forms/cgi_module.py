"""The public names of the module `cgi` (removed in Python 3.13), for `import cgi` of scripts.

`cgi.log` and its relatives are left out; `escape`, `parse_qs` and `parse_qsl` are those
of Python before 3.8.
"""

from __future__ import annotations

import html
import os
import sys
import traceback as tracebacks
from collections.abc import Mapping
from types import ModuleType, TracebackType
from urllib.parse import parse_qs, parse_qsl

from taipan.forms.fields import MiniFieldStorage
from taipan.forms.headers import parse_header
from taipan.forms.parsing import parse, parse_multipart
from taipan.forms.storage import FieldStorage

__all__ = [
    "FieldStorage",
    "MiniFieldStorage",
    "escape",
    "parse",
    "parse_header",
    "parse_multipart",
    "parse_qs",
    "parse_qsl",
    "print_arguments",
    "print_directory",
    "print_environ",
    "print_environ_usage",
    "print_exception",
    "print_form",
    "test",
]


class _Module(ModuleType):
    """Turns `cgi.maxlen = BYTES`, which has no limit when it is 0, into the limit of forms."""

    @property
    def maxlen(self) -> int:
        return FieldStorage.limits.size or 0

    @maxlen.setter
    def maxlen(self, size: int) -> None:
        FieldStorage.limits = FieldStorage.limits._replace(size=size or None)


sys.modules[__name__].__class__ = _Module


def escape(s: str, quote: object = None) -> str:
    """The text with `&`, `<` and `>` escaped for HTML, and `"` if `quote` is true."""
    escaped = html.escape(s, quote=False)
    return escaped.replace('"', "&quot;") if quote else escaped


def test(environ: Mapping[str, str] | None = None) -> None:
    """Prints a page with all that the script was given."""
    print("Content-type: text/html")
    print()
    try:
        form = FieldStorage()
        print_directory()
        print_arguments()
        print_form(form)
        print_environ(environ)
        print_environ_usage()
    except Exception:
        print_exception()


def print_exception(
    type: type[BaseException] | None = None,
    value: BaseException | None = None,
    tb: TracebackType | None = None,
    limit: int | None = None,
) -> None:
    """Prints an exception, by default the one that is handled, as HTML."""
    if type is None:
        type, value, tb = sys.exc_info()
    *lines, last = [
        *tracebacks.format_tb(tb, limit),
        *tracebacks.format_exception_only(type, value),
    ]
    print()
    print("<H3>Traceback (most recent call last):</H3>")
    print(f"<PRE>{html.escape(''.join(lines))}<B>{html.escape(last)}</B></PRE>")


def print_environ(environ: Mapping[str, str] | None = None) -> None:
    """Prints the environment as HTML."""
    variables = os.environ if environ is None else environ
    _print_list("Shell Environment", [(name, variables[name]) for name in sorted(variables)])


def print_form(form: FieldStorage) -> None:
    """Prints the fields of a form as HTML."""
    fields = [(name, repr(form[name])) for name in sorted(form, key=str)]
    _print_list("Form Contents", fields)


def print_directory() -> None:
    """Prints the working directory as HTML."""
    print()
    print("<H3>Current Working Directory:</H3>")
    try:
        print(html.escape(os.getcwd()))
    except OSError as error:
        print("OSError:", html.escape(str(error)))
    print()


def print_arguments() -> None:
    """Prints `sys.argv` as HTML."""
    print()
    print("<H3>Command Line Arguments:</H3>")
    print()
    print(html.escape(repr(sys.argv)))
    print()


def print_environ_usage() -> None:
    """Prints the names of the variables of CGI/1.1 as HTML."""
    print()
    print("<H3>These environment variables could have been set:</H3>")
    print("<UL>")
    for name in _VARIABLES:
        print(f"<LI>{name}")
    print("</UL>")
    print("Header fields of the request are there as well, such as HTTP_HOST and HTTP_USER_AGENT.")


def _print_list(title: str, pairs: list[tuple[str, str]]) -> None:
    print()
    print(f"<H3>{title}:</H3>")
    print("<DL>")
    for name, text in pairs:
        print("<DT>", html.escape(str(name)), "<DD>", html.escape(text))
    print("</DL>")
    print()


_VARIABLES = (
    "AUTH_TYPE",
    "CONTENT_LENGTH",
    "CONTENT_TYPE",
    "GATEWAY_INTERFACE",
    "PATH_INFO",
    "PATH_TRANSLATED",
    "QUERY_STRING",
    "REMOTE_ADDR",
    "REMOTE_HOST",
    "REMOTE_USER",
    "REQUEST_METHOD",
    "SCRIPT_NAME",
    "SERVER_NAME",
    "SERVER_PORT",
    "SERVER_PROTOCOL",
    "SERVER_SOFTWARE",
)
