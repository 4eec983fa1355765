"""How the values of expressions in a page become text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from taipan.psp.output import SHOW, WRITE

if TYPE_CHECKING:
    from typing import TypeGuard

#: `!s` in a formatted string.
_STR = ord("s")


def show_by_str(tree: ast.Module) -> None:
    """Formats values as `str` does, in place of calls of `SHOW`, which cost as much as the text."""
    for node in ast.walk(tree):
        if _is_call(node, WRITE) and _is_call(shown := node.args[0], SHOW):
            node.args = [_format(shown)]


def _is_call(node: ast.AST, name: str) -> TypeGuard[ast.Call]:
    """Whether something calls a function of the page's own code with one value."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == name
        and len(node.args) == 1
        and not node.keywords
        and not isinstance(node.args[0], ast.Starred)
    )


def _format(shown: ast.Call) -> ast.JoinedStr:
    value = ast.FormattedValue(shown.args[0], _STR, None)
    return ast.copy_location(ast.JoinedStr([ast.copy_location(value, shown)]), shown)
