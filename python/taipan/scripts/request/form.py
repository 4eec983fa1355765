"""The form of a request, as a script reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipan.scripts.request.current import ScriptRequest

if TYPE_CHECKING:
    from taipan.forms import FieldStorage


def make_form(request: ScriptRequest, *, keep_blank: bool = False) -> FieldStorage:
    """The form of a request, read once; `keep_blank`: with fields without a value."""
    from taipan.forms import FieldStorage

    if request.form is None:
        body, variables = request.environ["wsgi.input"], request.text_variables()
        request.form = FieldStorage(fp=body, environ=variables, keep_blank_values=keep_blank)
    form: FieldStorage = request.form
    return form
