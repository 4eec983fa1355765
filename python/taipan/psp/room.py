"""Calls in the code of a page, by which what was written can leave."""

from __future__ import annotations

import ast

from taipan.psp.output import ROOM, TURN, WRITE

_REPEATED = (ast.For, ast.AsyncFor, ast.While, ast.FunctionDef, ast.AsyncFunctionDef)


def call_in_turns(tree: ast.Module) -> None:
    """Adds a call to all that can write more than once: bodies of loops and functions."""
    for node in ast.walk(tree):
        if isinstance(node, _REPEATED) and _writes(node):
            node.body.insert(_has_docstring(node.body), _make_call(node.body[0]))


def _writes(node: ast.AST) -> bool:
    """Loops that only compute stay as fast as they are."""
    return any(isinstance(part, ast.Name) and part.id == WRITE for part in ast.walk(node))


def _has_docstring(body: list[ast.stmt]) -> bool:
    first = body[0]
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)


def _make_call(place: ast.stmt) -> ast.stmt:
    (call,) = ast.parse(f"if {TURN}(): {ROOM}()").body
    for node in ast.walk(call):
        ast.copy_location(node, place)
    return call
