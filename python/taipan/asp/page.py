"""Compiled ASP pages."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from types import CodeType
from typing import Any, Callable

from taipan.asp.directives import PageSettings, read_settings
from taipan.asp.includes import AspFiles, Site
from taipan.asp.scanner import scan_asp
from taipan.asp.script_blocks import add_block, arrange_blocks
from taipan.asp.writer import write_asp
from taipan.loader.code_cache import USUAL_LIMIT, Built, FileCache, Stamp
from taipan.looks import look
from taipan.psp.errors import PageSyntaxError
from taipan.psp.limits import within_limits
from taipan.psp.output import SHOW, WRITE, Writer
from taipan.psp.pieces import Piece, merge_texts
from taipan.psp.program import LineNumbers, Program
from taipan.psp.traceback_lines import GuardedLines


@dataclass(frozen=True)
class AspPage(GuardedLines):
    """A page, or `global.asa`, that can be run any number of times, in any thread."""

    path: str
    code: CodeType
    numbers: LineNumbers = field(repr=False)
    #: All files that it was made of, with their versions.
    stamps: Mapping[str, Stamp] = field(repr=False)
    settings: PageSettings
    #: Identifies the text of all files.
    digest: str = ""

    def run(
        self, namespace: dict[str, Any], writer: Writer, show: Callable[[object], str] = str
    ) -> None:
        """Runs the page with the globals `namespace`, which it changes.

        Text goes to `writer`, values of expressions as `show` makes them text. Raises what the page
        raises, with tracebacks that name the page and its includes.
        """
        namespace[WRITE] = writer
        namespace[SHOW] = show
        self.guard(exec, self.code, namespace)


def compile_asp(path: str, site: Site) -> AspPage:
    """Compiles a page. Raises `PageSyntaxError`, and `OSError` if it cannot be read."""
    return _compile(path, site, writes=True)


def compile_global(path: str, site: Site) -> AspPage:
    """Compiles `global.asa`, of which only the scripts count. Raises what `compile_asp` raises."""
    return _compile(path, site, writes=False)


def _compile(path: str, site: Site, *, writes: bool) -> AspPage:
    path = os.path.abspath(path)
    files = AspFiles(path, site)
    pieces = list(within_limits(scan_asp(files, files.read(path)), files))
    scripts = [piece for piece in pieces if piece.kind == "script"]
    settings = _read_settings(pieces, files)
    shown = [piece for piece in merge_texts(pieces) if piece.kind not in ("script", "page")]
    if not writes:
        _refuse_code(shown, files)
        shown = []
    program = Program()
    for piece in scripts:
        add_block(program, piece)
    last = program.size
    program.extend(write_asp(shown))
    arrange = partial(arrange_blocks, last=last) if scripts and writes else None
    code, numbers = program.compile(files.all, arrange=arrange)
    digest = sha256("\0".join(file.text for file in files.all).encode("utf-8", "replace"))
    return AspPage(path, code, numbers, files.stamps, settings, digest.hexdigest())


def _read_settings(pieces: list[Piece], files: AspFiles) -> PageSettings:
    directives = [piece for piece in pieces if piece.kind == "page"]
    own = [piece for piece in directives if piece.place.file == 0]
    if len(own) > 1:
        raise _error("<%@ %> can be used only once in a page", own[1], files)
    try:
        return read_settings(piece.attributes for piece in own or directives)
    except ValueError as error:
        raise _error(f"<%@ %>: {error}", directives[0], files) from None


def _refuse_code(pieces: list[Piece], files: AspFiles) -> None:
    for piece in pieces:
        if piece.kind != "text":
            raise _error("global.asa has code in <script runat=server> only", piece, files)


def _error(message: str, piece: Piece, files: AspFiles) -> PageSyntaxError:
    return PageSyntaxError(message, files.all[piece.place.file].path, piece.place.line)


class AspCache(FileCache[AspPage]):
    """Compiled pages, each compiled again when it or one of its includes differs."""

    def __init__(self, site: Site, limit: int = USUAL_LIMIT) -> None:
        self._site = site
        super().__init__(self._compile, limit, look)

    def _compile(self, path: str) -> Built[AspPage]:
        page = self._make(path)
        return page, page.stamps

    def _make(self, path: str) -> AspPage:
        return compile_asp(path, self._site)


class GlobalCache(AspCache):
    """The `global.asa` of a site, kept likewise."""

    def _make(self, path: str) -> AspPage:
        return compile_global(path, self._site)
