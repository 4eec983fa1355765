"""The public names of the module `cgitb` (removed in Python 3.13), for scripts.

Tracebacks go to the log, where those of all scripts are; a client sees none of them. With `--dev`
the server itself shows them to the browser.
"""

from __future__ import annotations

import html as markup
import sys
import traceback as tracebacks
from types import TracebackType
from typing import Any, Union

__all__ = ["Hook", "enable", "handler", "html", "reset", "text"]

_Information = tuple[type[BaseException], BaseException, Union[TracebackType, None]]
_NOTICE = "<p>A problem occurred in a Python script.</p>"


def enable(
    display: int = 1, logdir: str | None = None, context: int = 5, format: str = "html"
) -> None:
    """Does nothing: an exception that ends a script is logged in any case."""


class Hook:
    """Says that a problem occurred, and writes the traceback to the log."""

    def __init__(
        self,
        display: int = 1,
        logdir: str | None = None,
        context: int = 5,
        file: Any = None,
        format: str = "html",
    ) -> None:
        self.file = file

    def __call__(
        self, etype: type[BaseException], evalue: BaseException, etb: TracebackType | None
    ) -> None:
        """As `sys.excepthook`."""
        self.handle((etype, evalue, etb))

    def handle(self, info: _Information | None = None) -> None:
        """Handles an exception, by default the present one."""
        tracebacks.print_exception(*(info or sys.exc_info()), file=sys.stderr)
        print(_NOTICE, file=self.file or sys.stdout)


handler = Hook().handle


def reset() -> str:
    """Markup that would end whatever a page has begun; nothing is shown that needs it."""
    return ""


def text(einfo: _Information, context: int = 5) -> str:
    """A traceback as text, for a script that shows it on its own account."""
    return "".join(tracebacks.format_exception(*einfo))


def html(einfo: _Information, context: int = 5) -> str:
    """A traceback as HTML, for a script that shows it on its own account."""
    return f"<pre>{markup.escape(text(einfo, context))}</pre>"
