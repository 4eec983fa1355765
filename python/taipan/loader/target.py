"""The syntax of targets: `pkg.mod:attr`, `path/app.py:factory()`, a folder."""

from __future__ import annotations

import ast
import os
import re
from typing import NamedTuple

from taipan.loader.errors import TargetError

_MODULE = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_SUFFIXES = (".py", ".wsgi", ".pyw", ".ptl")
#: So a module may be named, too.
_MODULE_SUFFIXES = (".wsgi", ".ptl")


class Target(NamedTuple):
    """A parsed target. Either `module` or `path` is set."""

    module: str
    #: Absolute path of a file or folder.
    path: str
    #: Expression to evaluate in the module; empty to try the usual names.
    expression: str


def parse_target(text: str, directory: str, expression: str | None = None) -> Target:
    """Parses a target; relative paths start at `directory`. Raises `TargetError`."""
    text = text.strip()
    place, _, attribute = text.partition(":")
    whole = os.path.join(directory, text)
    if attribute and os.path.exists(whole):
        place, attribute = text, ""
    if not place:
        raise TargetError(
            f"the target {text!r} names no module, file or folder; write it like 'pkg.mod:attr' or"
            " 'path/app.py'"
        )
    attribute = expression or attribute
    if attribute:
        parse_expression(attribute)
    path = os.path.normpath(os.path.join(directory, place))
    names_module = place.endswith(_MODULE_SUFFIXES) and not os.path.exists(path)
    if (_looks_like_path(place) and not (names_module and _MODULE.fullmatch(place))) or (
        os.path.isdir(path) and _is_project(path)
    ):
        if not os.path.exists(path):
            raise TargetError(f"there is no file or folder {path}")
        return Target("", path, attribute)
    if _MODULE.fullmatch(place) is None:
        if os.path.exists(path):
            return Target("", path, attribute)
        whole = f"; write '{place}.py{text[len(place) :]}'" if os.path.isfile(f"{path}.py") else ""
        raise TargetError(
            f"{place!r} is neither the name of a module nor an existing path ({path}){whole}"
        )
    return Target(place, "", attribute)


def parse_expression(text: str) -> ast.expr:
    """Checks `attr`, `a.b`, `factory()`, `Class("x").method`: names, dots, calls with literals."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        raise TargetError(
            f"{text!r} is not the name of a callable, or a call like 'factory()'"
        ) from None
    _validate(expression, text)
    return expression


def _validate(node: ast.expr, text: str) -> None:
    if isinstance(node, ast.Name):
        return
    if isinstance(node, ast.Attribute):
        _validate(node.value, text)
        return
    if not isinstance(node, ast.Call):
        raise TargetError(f"{text!r} may contain names, dots and calls only")
    _validate(node.func, text)
    try:
        for argument in node.args:
            ast.literal_eval(argument)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise ValueError
            ast.literal_eval(keyword.value)
    except ValueError:
        raise TargetError(
            f"the arguments in {text!r} must be plain values, such as 'x' or 5"
        ) from None


def _looks_like_path(place: str) -> bool:
    return "/" in place or os.sep in place or place in (".", "..") or place.endswith(_SUFFIXES)


def _is_project(path: str) -> bool:
    """A folder named like a module is meant as a folder unless an import prefers something else."""
    return not (os.path.exists(os.path.join(path, "__init__.py")) or os.path.isfile(f"{path}.py"))
