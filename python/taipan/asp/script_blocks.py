"""The code of `<script runat="server">`, which is a part of its page.

As on IIS the rest of the page runs first. What only defines something comes before it, so that the
page can call it.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

from taipan.psp.code_lines import code_lines
from taipan.psp.pieces import Piece
from taipan.psp.program import Program

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_DEFINITIONS = (
    *(*_NAMED, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign),
    *(ast.If, ast.Try, ast.Pass),
)
#: What pages know without a definition.
OBJECTS = ("Request", "Response", "Session", "Application", "Server")


def add_block(program: Program, piece: Piece) -> None:
    """Adds the lines of a block, moved to the left by what is common to its statements."""
    lines = code_lines(piece.content)
    margin = min((len(line.indent) if line.number else 0 for line in lines), default=0)
    for index, line in enumerate(piece.lines):
        space = len(line) - len(line.lstrip(" \t"))
        cut = line[space if index == 0 else min(margin, space) :]
        program.add_cut("", cut, piece, index)


def arrange_blocks(tree: ast.Module, last: int) -> None:
    """Puts the page between definitions and other statements of the blocks, up to line `last`."""
    known = {*vars(builtins), *OBJECTS, "__file__", "__name__"}
    before, after, page = [], [], []
    for statement in tree.body:
        if statement.lineno > last:
            page.append(statement)
        elif _defines(statement) and _loaded(statement) <= known:
            before.append(statement)
            known |= _bound([statement])
        else:
            after.append(statement)
    tree.body = [*before, *page, *after]


def _defines(statement: ast.stmt) -> bool:
    """Whether it can be run before the page."""
    if isinstance(statement, ast.Expr):
        # Docstrings.
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, _NAMED):
        return True
    children = (one for one in ast.walk(statement) if isinstance(one, ast.stmt))
    return all(isinstance(one, _DEFINITIONS) for one in children)


def _loaded(node: ast.AST) -> set[str]:
    """Names that it needs when it is run, not when its functions are called."""
    names = (part for part in _walk_now(node) if isinstance(part, ast.Name))
    return {one.id for one in names if isinstance(one.ctx, ast.Load)} - _bound([node])


def _bound(nodes: Iterable[ast.AST]) -> set[str]:
    names: set[str] = set()
    for node in nodes:
        for part in _walk_now(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                names.add(part.id)
            elif isinstance(part, _NAMED):
                names.add(part.name)
                names.update(one.name for one in getattr(part, "type_params", ()))
            elif isinstance(part, (ast.Import, ast.ImportFrom)):
                names.update(one.asname or one.name.partition(".")[0] for one in part.names)
    return names


def _walk_now(node: ast.AST) -> Iterator[ast.AST]:
    """All but the bodies of functions."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        yield one
        for name, value in ast.iter_fields(one):
            if name == "body" and isinstance(one, _FUNCTIONS):
                continue
            children = value if isinstance(value, list) else [value]
            waiting.extend(child for child in children if isinstance(child, ast.AST))
