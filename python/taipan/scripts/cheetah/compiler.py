"""Makes Python code of Cheetah templates, with the line numbers of the template."""

from __future__ import annotations

import ast
import keyword
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from types import CodeType
from typing import Any, NamedTuple

# CT3 has no types.
from Cheetah.Compiler import (  # type: ignore[import-untyped]  # no types there
    AutoClassCompiler,
    AutoMethodCompiler,
    Compiler,
)

from taipan.psp.errors import PageSyntaxError

_ENCODING = re.compile(rb"^[ \t]*#[ \t]*encoding[ \t:]+([-\w.]+)", re.MULTILINE)
#: A line of the code that tells where the next ones come from.
_PLACE = re.compile(r"\s*#@(\d+)")
#: Cheetah warns of a template without content.
_NOTHING = "##\n"
_MESSAGE_SIZE = 200


class CompiledTemplate(NamedTuple):
    """Code that defines the class of a template."""

    code: CodeType
    #: Of the class.
    name: str
    #: What its import statements bind.
    imports: frozenset[str]


@lru_cache(1)
def standard_names() -> frozenset[str]:
    """What the modules of all templates have."""
    module: dict[str, Any] = {}
    exec(compile_template(b"", "none").code, module)
    return frozenset(module)


def compile_template(source: bytes, path: str) -> CompiledTemplate:
    """Compiles the content of a file. Raises `PageSyntaxError`."""
    text = _decode(source, path)
    name = re.sub(r"\W", "_", os.path.splitext(os.path.basename(path))[0])
    if not name.isidentifier() or keyword.iskeyword(name):
        name = f"_{name}"
    compiler = None
    try:
        compiler = _Compiler(source=text or _NOTHING, moduleName=name, mainClassName=name)
        compiler.compile()
        code = compiler.getModuleCode()
    # What templates and their settings make of the compiler is no fault of ours.
    except (Exception, RecursionError) as error:
        line = getattr(error, "lineno", None) or _row_of(compiler)
        message = getattr(error, "msg", "") or f"{type(error).__name__}: {error}"
        raise PageSyntaxError(message[:_MESSAGE_SIZE], path, line) from None
    lines = _Lines(text, _origins(code, compiler.import_rows))
    return CompiledTemplate(_compile_code(code, path, lines), name, frozenset(compiler.imported))


class _Lines:
    """Where lines of the code come from."""

    def __init__(self, text: str, origins: list[int]) -> None:
        self._origins = origins
        self._sizes = [len(line.encode("utf-8", "replace")) for line in text.split("\n")]

    def locate(self, line: int) -> int:
        """The line of the template."""
        return self._origins[min(max(line, 1), len(self._origins)) - 1]

    def relocate(self, node: ast.AST) -> None:
        """Makes a node one of the template. It has whole lines, since columns are not known."""
        line = getattr(node, "lineno", None)
        if line is not None:
            here = self.locate(line)
            size = self._sizes[min(here, len(self._sizes)) - 1]
            vars(node).update(lineno=here, end_lineno=here, col_offset=0, end_col_offset=size)


class _MethodCompiler(AutoMethodCompiler):  # type: ignore[misc]  # a base without types
    def addChunk(self, chunk: str) -> None:
        super().addChunk(f"#@{_row_of(self._classCompiler._moduleCompiler)}")
        super().addChunk(chunk)


class _ClassCompiler(AutoClassCompiler):  # type: ignore[misc]  # a base without types
    methodCompilerClass = _MethodCompiler


class _Compiler(Compiler):  # type: ignore[misc]  # a base without types
    classCompilerClass = _ClassCompiler

    def __init__(self, **options: Any) -> None:
        #: Lines of import statements, which are put before all other code.
        self.import_rows: dict[str, int] = {}
        self.imported: set[str] = set()
        super().__init__(**options)

    def addImportStatement(self, impStatement: str) -> None:
        self.import_rows[impStatement] = _row_of(self)
        super().addImportStatement(impStatement)

    def addImportedVarNames(self, varNames: list[str], raw_statement: str | None = None) -> None:
        self.imported.update(varNames)
        super().addImportedVarNames(varNames, raw_statement)


def _row_of(compiler: Any) -> int:
    """The line that the parser has come to."""
    parser = getattr(compiler, "_parser", None)
    if parser is None:
        return 1
    row: int = parser.getRowCol(max(0, min(parser.pos(), len(parser)) - 1))[0]
    return row


def _decode(source: bytes, path: str) -> str:
    if source.startswith(b"\xef\xbb\xbf"):
        source = source[3:]
    named = _ENCODING.search(source)
    try:
        text = source.decode(named[1].decode() if named else "utf-8")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise PageSyntaxError(str(error), path, line) from None
    except LookupError as error:
        raise PageSyntaxError(str(error), path, 1) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _compile_code(code: str, path: str, lines: _Lines) -> CodeType:
    try:
        tree = ast.parse(code, path)
        for node in ast.walk(tree):
            lines.relocate(node)
        made: CodeType = compile(tree, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise PageSyntaxError(error.msg, path, lines.locate(error.lineno or 1)) from None
    except (ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise PageSyntaxError(str(error) or "the code is nested too deep", path, 1) from None
    return made


def _origins(code: str, import_rows: Mapping[str, int]) -> list[int]:
    """The line of the template for each line of the code."""
    origins = []
    here = 1
    for line in code.split("\n"):
        place = _PLACE.fullmatch(line)
        if place:
            here = int(place[1])
        origins.append(import_rows.get(line, here))
    return origins
