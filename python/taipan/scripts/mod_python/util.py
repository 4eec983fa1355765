"""The module `util`."""

from __future__ import annotations

import inspect
from typing import Any, Callable
from urllib.parse import parse_qs, parse_qsl

from taipan.scripts.mod_python.apache import DONE, SERVER_RETURN
from taipan.scripts.mod_python.form import PageForm, StringField

__all__ = ["FieldStorage", "StringField", "apply_fs_data", "parse_qs", "parse_qsl", "redirect"]


def FieldStorage(req: Any, keep_blank_values: int = 0, strict_parsing: int = 0) -> PageForm:
    """The form of a request."""
    form: PageForm = req.read_form()
    return form


def apply_fs_data(object: Callable[..., Any], fs: PageForm, **args: Any) -> Any:
    """Calls something with the fields that it has parameters for; with `**`, with all."""
    for name in fs:
        values = [field if field.filename else field.value for field in fs.getlist(name)]
        args.setdefault(name, values[0] if len(values) == 1 else values)
    try:
        parameters = inspect.signature(object).parameters.values()
    except ValueError:
        # Some builtins do not tell.
        return object()
    if all(parameter.kind != parameter.VAR_KEYWORD for parameter in parameters):
        expected = {
            one.name
            for one in parameters
            if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)
        }
        args = {name: value for name, value in args.items() if name in expected}
    return object(**args)


def redirect(req: Any, location: str, permanent: int = 0, text: str | None = None) -> None:
    """Ends the page with a redirect. Raises `OSError` when something has been sent."""
    req.redirect(location, permanent, text)
    raise SERVER_RETURN(DONE)
