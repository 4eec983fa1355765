"""PTL, Python with templates: files `.ptl`, compiled by Quixote where it is installed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from taipan.loader.required import require_package

EXTENSION = ".ptl"


def compile_ptl(source: bytes, path: str) -> CodeType:
    """The code of a file. Raises `SyntaxError`, and `ModuleNotFoundError` without Quixote."""
    # Loaded here, because few need it.
    import tokenize

    loader = _load_compiler(path)
    _check_encoding(source, path)
    try:
        code: CodeType = loader.source_to_code(source, path)
    except tokenize.TokenError as error:
        text, (line, column) = error.args
        raise SyntaxError(text, (path, line, column, None)) from None
    return code


def _check_encoding(source: bytes, path: str) -> None:
    """Raises `SyntaxError` for bytes that are no text, which Quixote replaces on Python 3.12."""
    import tokenize

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(source).readline)
        source.decode(encoding)
    except SyntaxError as error:
        raise SyntaxError(error.msg, (path, 1, None, None)) from None
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise SyntaxError(str(error), (path, line, None, None)) from None


def find_module(name: str, path: Sequence[str] | None) -> ModuleSpec | None:
    """The module that an import of Python, or of PTL, finds; path as of `find_spec`."""
    return PathFinder.find_spec(name, path) or _finder.find_spec(name, path)


class PtlLoader(SourceFileLoader):
    """Imports a file as Quixote does after `enable_ptl()`."""

    @staticmethod
    def source_to_code(data: Any, path: Any = "<string>", *, _optimize: int = -1) -> CodeType:
        """The code of a file."""
        return compile_ptl(data, path)


class _PtlFinder:
    """Finds what no other finder does."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module in PTL."""
        name = fullname.rpartition(".")[2]
        for folder in sys.path if path is None else path:
            if not isinstance(folder, str):
                continue
            file = os.path.join(folder or os.getcwd(), f"{name}{EXTENSION}")
            if os.path.isfile(file):
                loader = PtlLoader(fullname, file)
                return spec_from_file_location(fullname, file, loader=loader)
        return None


def _load_compiler(path: str) -> Any:
    return require_package(
        "quixote.ptl.ptl_import",
        distribution="Quixote",
        reason=f"{path} is in PTL, which Quixote compiles: install Quixote",
    ).PTLFileLoader


_finder = _PtlFinder()
# Behind all others, so that it costs nothing where they find a module.
sys.meta_path.append(_finder)
