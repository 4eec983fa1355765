"""The form of a request, as a script reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from taipan.events import Environ
from taipan.scripts.request.current import ScriptRequest

if TYPE_CHECKING:
    from taipan.forms import FieldStorage

URLENCODED = "application/x-www-form-urlencoded"
#: Types of bodies that are forms.
FORM_TYPES = (URLENCODED, "multipart/form-data")


def body_type(environ: Environ) -> str:
    """The type of the body in lower case, without parameters; empty if none is named."""
    return str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip().lower()


def make_form(request: ScriptRequest, *, keep_blank: bool = False) -> FieldStorage:
    """The form of a request, read once; `keep_blank`: with fields without a value."""
    from taipan.forms import FieldStorage

    if request.form is None:
        body, variables = request.environ["wsgi.input"], request.text_variables()
        request.form = FieldStorage(fp=body, environ=variables, keep_blank_values=keep_blank)
    form: FieldStorage = request.form
    return form
