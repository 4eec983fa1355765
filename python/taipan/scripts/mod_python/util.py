"""The module `util`."""

from __future__ import annotations

import html
import inspect
from collections.abc import Collection
from functools import lru_cache
from types import CodeType, FunctionType, MethodType
from typing import Any, Callable, Union

from taipan.forms import headers
from taipan.forms.limits import FormLimits, FormUsage
from taipan.scripts.mod_python.constants import DONE
from taipan.scripts.mod_python.fields import Field, StringField
from taipan.scripts.mod_python.form import FieldStorage
from taipan.scripts.mod_python.form_reading import read_urlencoded
from taipan.scripts.mod_python.server_return import ServerReturn

__all__ = [
    "Field",
    "FieldList",
    "FieldStorage",
    "StringField",
    "apply_fs_data",
    "parse_header",
    "parse_qs",
    "parse_qsl",
    "redirect",
]

#: The list of a form.
FieldList = list
#: Longest line that mod_python reads of a form.
readBlockSize = 65368  # noqa: N816
#: Functions whose parameters are kept.
_LIMIT = 1024
#: Names and values are of the type of the query.
Text = Union[str, bytes]


def parse_header(line: str | bytes) -> tuple[str, dict[str, str]]:
    """The value of a field like Content-Type in lower case, and its parameters."""
    text = line.decode("latin-1") if isinstance(line, bytes) else line
    value, options = headers.parse_header(text)
    return value.lower(), options


def parse_qsl(
    qs: Text, keep_blank_values: int = 0, strict_parsing: int = 0
) -> list[tuple[Any, Any]]:
    """The fields of a query in their order. Raises `ValueError` if one is wrong and that is asked.

    They are `bytes` if the query is.
    """
    data = qs if isinstance(qs, bytes) else qs.encode("utf-8", "surrogateescape")
    usage = FormUsage(FormLimits())
    found = read_urlencoded([data], bool(keep_blank_values), usage, bool(strict_parsing))
    if isinstance(qs, bytes):
        return [(field.name.encode(), field.encode()) for field in found]
    return [(field.name, field.value) for field in found]


def parse_qs(qs: Text, keep_blank_values: int = 0, strict_parsing: int = 0) -> dict[Any, list[Any]]:
    """The values of each name. Raises what `parse_qsl` raises."""
    values: dict[Any, list[Any]] = {}
    for name, value in parse_qsl(qs, keep_blank_values, strict_parsing):
        values.setdefault(name, []).append(value)
    return values


def apply_fs_data(object: Callable[..., Any], fs: Any, **args: Any) -> Any:
    """Calls something with the fields that it has parameters for; with `**`, with all."""
    if fs.list:
        for name, value in _values_of(fs).items():
            args.setdefault(name, value)
    try:
        expected = _names_of(object)
    except ValueError:
        # Some builtins do not tell.
        return object()
    if expected is not None:
        args = {name: value for name, value in args.items() if name in expected}
    return object(**args)


def _values_of(fs: Any) -> dict[str, Any]:
    """The value of each field; a list where several have one name."""
    found: dict[str, list[Any]] = {}
    for field in fs.list:
        found.setdefault(field.name, []).append(field if field.filename else field.value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _names_of(object: Callable[..., Any]) -> Collection[str] | None:
    """The parameters that something can be called with by their names; None: all names."""
    is_method = type(object) is MethodType
    function: Any = object.__func__ if isinstance(object, MethodType) else object
    if type(function) is FunctionType and not function.__dict__:
        # `inspect` would take longer than most functions.
        return _names_of_code(function.__code__, is_method)
    parameters = inspect.signature(object).parameters.values()
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return {
        one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
    }


@lru_cache(_LIMIT)
def _names_of_code(code: CodeType, is_method: bool) -> Collection[str] | None:
    if code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[max(code.co_posonlyargcount, is_method) : count]


def redirect(req: Any, location: str, permanent: int = 0, text: str | None = None) -> None:
    """Ends the request with a redirect. Raises `OSError` when something has been sent.

    `text` is the body, by default a line of HTML with a link.
    """
    if not isinstance(location, str):
        raise TypeError("location must be of type str")
    if text is None:
        link = html.escape(location)
        text = f'<p>The document has moved <a href="{link}">here</a></p>\n'
    req.redirect(location, permanent, text)
    raise ServerReturn(DONE)
