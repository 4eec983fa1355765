"""Compiled pages."""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from itertools import cycle
from types import CodeType
from typing import Any, Callable, Literal

from taipan.loader.code_cache import USUAL_LIMIT, Built, FileCache, Stamp
from taipan.looks import look
from taipan.psp.limits import within_limits
from taipan.psp.mod_python import write_mod_python
from taipan.psp.mod_python_scanner import scan_mod_python
from taipan.psp.output import ROOM, SHOW, TURN, WRITE, Writer, escape
from taipan.psp.page_files import PageFiles
from taipan.psp.pieces import merge_texts
from taipan.psp.program import LineNumbers, Program
from taipan.psp.room import call_in_turns
from taipan.psp.servlet import find_base, read_text, write_bare
from taipan.psp.texts import show_by_str
from taipan.psp.traceback_lines import GuardedLines
from taipan.psp.webware import write_webware
from taipan.psp.webware_scanner import scan_webware

Dialect = Literal["mod_python", "webware"]

#: Turns of loops in which what is written may have to leave.
_TURNS = (*(False,) * 15, True)


def _keep() -> None:
    pass


@dataclass(frozen=True)
class PageOptions:
    """How pages are compiled."""

    dialect: Dialect = "mod_python"
    #: Whether the values of expressions are HTML only where they say so by `__html__`.
    autoescape: bool = False
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Page(GuardedLines):
    """A page that can be run any number of times, in any thread."""

    path: str
    options: PageOptions
    code: CodeType
    numbers: LineNumbers = field(repr=False)
    #: All files that it was made of, with their versions.
    stamps: Mapping[str, Stamp] = field(repr=False)
    #: The class that the code of a Webware page defines, and its method that writes the page.
    servlet: str = ""
    method: str = ""

    @cached_property
    def folder(self) -> str:
        """Path of the folder that it is in."""
        return os.path.dirname(self.path)

    @cached_property
    def names(self) -> frozenset[str]:
        """The names used at page level: mod_python makes `form` and `session` only for these."""
        return frozenset(self.code.co_names)

    def run(
        self,
        namespace: dict[str, Any],
        writer: Writer,
        make_room: Callable[[], object] = _keep,
    ) -> None:
        """Runs the page with the globals `namespace`, which it changes; text goes to `writer`.

        `make_room` is called in each 16th turn of the loops of a mod_python page.
        A page of Webware defines its class in it, and writes its own text only, without what the
        base class writes around it; `req` and `trans` of the namespace become its arguments.
        Raises what the page raises, with tracebacks that name the page and its includes.
        """
        if self.options.dialect == "webware":
            made = self.define(namespace)()
            arguments = namespace.get("req"), namespace.get("trans")
            self.guard(write_bare, made, self.method, writer, arguments)
            return
        namespace[WRITE] = writer
        namespace[TURN] = cycle(_TURNS).__next__
        namespace[ROOM] = make_room
        namespace[SHOW] = escape if self.options.autoescape else str
        self.guard(exec, self.code, namespace)

    def define(self, namespace: dict[str, Any]) -> type:
        """The class of a Webware page, which is made by running its code once.

        A base class that `namespace` has no name for is imported; for `Page` there is a plain one.
        """
        namespace[SHOW] = escape if self.options.autoescape else str
        namespace["_psp_base"] = lambda name: find_base(name, namespace)
        namespace["_psp_read"] = read_text
        namespace.setdefault("__name__", self.servlet)
        self.guard(exec, self.code, namespace)
        found: type = namespace[self.servlet]
        return found


def compile_page(
    path: str, content: bytes | None = None, options: PageOptions | None = None
) -> Page:
    """Compiles a page, by default the content of the file.

    Includes are looked for beside `path`. Raises `PageSyntaxError`, and `OSError` if the page
    cannot be read.
    """
    options = options or PageOptions()
    files = PageFiles(os.path.abspath(path), options.encoding)
    program, servlet, method = _write(files, content, options)
    arrange = None if options.dialect == "webware" else partial(_arrange, options=options)
    code, numbers = program.compile(files.all, arrange=arrange)
    return Page(files.path, options, code, numbers, files.stamps, servlet, method)


def _arrange(tree: ast.Module, options: PageOptions) -> None:
    call_in_turns(tree)
    if not options.autoescape:
        show_by_str(tree)


def write_program(path: str, content: bytes | None = None) -> Program:
    """The Python of a page of mod_python. Raises what `compile_page` raises."""
    return _write(PageFiles(os.path.abspath(path)), content, PageOptions())[0]


def _write(
    files: PageFiles, content: bytes | None, options: PageOptions
) -> tuple[Program, str, str]:
    """The program of a page, and the names of its class and method."""
    file = files.read(files.path) if content is None else files.add(files.path, content)
    if options.dialect == "webware":
        return write_webware(list(within_limits(scan_webware(files, file), files)), files)
    pieces = list(within_limits(scan_mod_python(files, file), files))
    return write_mod_python(merge_texts(pieces)), "", ""


class PageCache(FileCache[Page]):
    """Compiled pages, each compiled again when it or one of its includes differs."""

    def __init__(self, options: PageOptions, limit: int = USUAL_LIMIT) -> None:
        self._options = options
        super().__init__(self._compile, limit, look)

    def _compile(self, path: str) -> Built[Page]:
        page = compile_page(path, options=self._options)
        return page, page.stamps
