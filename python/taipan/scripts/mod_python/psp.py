"""The module `psp`: pages as a handler, and as templates of others."""

from __future__ import annotations

import html
import os
from collections.abc import Iterable, Mapping
from typing import Any

from taipan.psp.page import write_program
from taipan.scripts.mod_python.apache import DECLINED, OK
from taipan.scripts.mod_python.inside import require_inside

__all__ = ["PSP", "handler", "parse", "parsestring"]

_HTML = "text/html; charset=utf-8"
#: What the code of a page calls; by itself it finds them among the globals.
_PROLOGUE = "_psp_write, _psp_show = req.write, str\n"


class PSP:
    """A page that is run in the request of another one, or of a handler."""

    def __init__(
        self,
        req: Any,
        filename: str | None = None,
        string: str | bytes | None = None,
        vars: Mapping[str, Any] | None = None,
    ) -> None:
        """`filename` is relative to the folder of the file of the request, its default.

        Raises `PageSyntaxError`, and `SERVER_RETURN` with 404 where there is no such file.
        """
        if filename and string:
            raise ValueError("Must specify either filename or string")
        self.req, self.string = req, string
        self.vars = vars or {}
        self._page = req.load_page(filename, string)
        #: None for a page that is in no file.
        self.filename: str | None = None if string else self._page.path

    def run(self, vars: Mapping[str, Any] | None = None, flush: int = 0) -> None:
        """Writes the page; `vars` are globals of it."""
        self.req.run_page(self._page, {**self.vars, **(vars or {})})
        if flush:
            self.req.flush()

    def __str__(self) -> str:
        self.req.content_type = _HTML
        self.run()
        return ""

    def display_code(self) -> None:
        """Writes a table of the code that the page becomes, beside its source."""
        path = self._page.path
        if self.filename is None:
            source = self.string.decode() if isinstance(self.string, bytes) else self.string or ""
        else:
            with open(path, encoding="utf-8", errors="replace") as stream:
                source = stream.read()
        content = None if self.filename else source.encode()
        code = write_program(path, content).source
        self.req.write("".join(_table(code.splitlines(), source.splitlines(), path)))


def parse(filename: str, dir: str | None = None) -> str:
    """The Python that a page becomes; it writes by the `req` among its globals.

    Raises `PageSyntaxError`, and `OSError` if the file cannot be read.
    """
    return _PROLOGUE + write_program(os.path.join(dir or "", filename)).source


def parsestring(str: str | bytes) -> str:
    """As `parse`, of a page that is in no file."""
    content = str if isinstance(str, bytes) else str.encode()
    return _PROLOGUE + write_program("__psp__", content).source


def handler(req: Any) -> int:
    """Answers with the page that the URL names.

    With `PythonDebug` the name of a page with an underscore behind it shows its code.
    """
    path: str = req.filename
    name = os.path.basename(path)
    if name.startswith(".") or os.path.splitext(name)[1].startswith(".py"):
        # Text of modules and hidden files is not to be seen.
        return DECLINED
    shows_code = path.endswith("_") and _is_debugging(req)
    require_inside(req, path[:-1] if shows_code else path)
    req.content_type = _HTML
    # So that an error page can take the place of what is written.
    req.holds_writes = True
    if shows_code:
        PSP(req, path[:-1]).display_code()
    else:
        PSP(req).run()
    return OK


def _is_debugging(req: Any) -> bool:
    return str(req.get_config().get("PythonDebug", "0")) not in ("", "0")


def _table(code: list[str], source: list[str], path: str) -> Iterable[str]:
    yield "<table>\n"
    yield _row("", "&nbsp;PSP-produced Python Code:", f"&nbsp;{html.escape(path)}:")
    for number in range(max(len(code), len(source))):
        left = _cell(code[number]) if number < len(code) else ""
        right = _cell(source[number].rstrip()) if number < len(source) else ""
        yield _row(
            f"{number + 1}.&nbsp;",
            f"<font color=blue>{left}</font>",
            f"&nbsp;<font color=green>{right}</font>",
        )
    yield "</table>\n"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td><tt>{cell}</tt></td>' for cell in cells)}</tr>\n"


def _cell(line: str) -> str:
    return html.escape(line).replace("\t", " " * 4).replace(" ", "&nbsp;")
