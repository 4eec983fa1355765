"""What the text of a Python file tells, without executing it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+")


class Imports(NamedTuple):
    """What a file imports, also within functions."""

    #: Packages that its relative imports need above it.
    level: int
    #: Whole names: `shop.models.Order` for `from shop.models import Order`.
    names: frozenset[str]
    #: Dotted names in texts, such as that of a settings module.
    mentioned: frozenset[str]


def read_imports(path: str) -> Imports:
    """The imports of a file; none when it cannot be read or compiled."""
    level = 0
    names: set[str] = set()
    mentioned: set[str] = set()
    for node in ast.walk(_parse(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            level = max(level, node.level)
            if node.level == 0:
                names.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            if _DOTTED.fullmatch(node.value):
                mentioned.add(node.value)
    return Imports(level, frozenset(names), frozenset(mentioned))


def read_bindings(path: str) -> frozenset[str]:
    """The names that a file binds at its top level; none when it cannot be read or compiled."""
    return frozenset(name for node in _parse(path).body for name in _bound_by(node))


def _bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield node.name
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(node, (ast.Assign, ast.AnnAssign)):
        for child in ast.walk(node):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id


def _parse(path: str) -> ast.Module:
    try:
        with open(path, "rb") as stream:
            return ast.parse(stream.read(), path)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return ast.Module(body=[], type_ignores=[])
