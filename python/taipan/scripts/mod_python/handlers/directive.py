"""Parses the value of directives such as `PythonHandler`: `module package.mod::object | .py`."""

from __future__ import annotations

import os
import re
from typing import Any, Callable, NamedTuple

from taipan.fields import kind_of
from taipan.loader.errors import TargetError

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
#: The importer of mod_python 3.3 has names of files, too.
_HANDLER = re.compile(rf"((?:~/|\.{{1,2}}/|/)?[^:|]+?)(?:::({_NAME}))?")
_MODULE = re.compile(rf"{_NAME}|(?:~/|\.{{1,2}}/|/)[^:|]+")


class HandlerName(NamedTuple):
    """A handler as it is written."""

    module: str
    #: Attributes with dots; empty: the usual name.
    attribute: str = ""
    #: Absolute folder that its module is looked for in first; empty: that of the route.
    folder: str = ""

    def __str__(self) -> str:
        return f"{self.module}::{self.attribute}" if self.attribute else self.module


class Directive(NamedTuple):
    """Handlers in their order, and what they are for."""

    handlers: tuple[HandlerName, ...] = ()
    #: Endings of files such as `.py`; none: all files.
    extensions: tuple[str, ...] = ()

    def applies(self, filename: str) -> bool:
        """Whether it is for requests for this file."""
        return not self.extensions or os.path.splitext(filename)[1] in self.extensions


def parse_directive(text: str) -> Directive:
    """Raises `TargetError`."""
    names, bar, endings = text.partition("|")
    extensions = tuple(endings.split())
    handlers = tuple(parse_handler(name) for name in names.split())
    wrong = [one for one in extensions if not re.fullmatch(r"\.[^\s./|]+", one)]
    if not handlers or wrong or (bar and not extensions):
        raise TargetError(
            f"{text!r} names no handlers; write it like 'module', 'module::object' or"
            " 'module | .py'"
        )
    return Directive(handlers, extensions)


def read_handler(handler: Any, folder: str = "") -> HandlerName | Callable[[Any], Any]:
    """A handler as code gives it: its name, or itself. Raises `TargetError` and `TypeError`."""
    if isinstance(handler, str):
        return parse_handler(handler, folder)
    if not callable(handler):
        raise TypeError(f"a handler is a name or a function, not {kind_of(handler)}: {handler!r}")
    function: Callable[[Any], Any] = handler
    return function


def parse_handler(text: str, folder: str = "") -> HandlerName:
    """One handler. Raises `TargetError`."""
    match = _HANDLER.fullmatch(text)
    if match is None or not _MODULE.fullmatch(match[1]):
        raise TargetError(
            f"{text!r} is no handler; write it like 'module', 'package.module' or"
            " 'module::object.attribute'"
        )
    return HandlerName(match[1], match[2] or "", folder)
