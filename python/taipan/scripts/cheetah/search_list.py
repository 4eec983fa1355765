"""The names that a Cheetah template finds."""

from __future__ import annotations

from typing import Any

from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.form import FORM_TYPES, body_type
from taipan.scripts.request.session import session_of
from taipan.scripts.request.variables import cgi_texts
from taipan.scripts.webware.transaction import Transaction

#: In this order; functions, which Cheetah calls where `$name` stands.
NAMES = (
    "form",
    "request",
    "response",
    "session",
    "application",
    "transaction",
    "conn",
    "environ",
)


def known_names(
    request: ScriptRequest, trans: Transaction, fields: dict[str, Any]
) -> dict[str, Any]:
    """What is looked for behind the names of a template itself, and before those of the form."""

    def find_connection() -> Any:
        # Most templates do without it.
        from taipan.connection import connection_of

        return connection_of(request)

    values = (
        lambda: fields,
        trans.request,
        trans.response,
        lambda: session_of(request),
        trans.application,
        lambda: trans,
        find_connection,
        lambda: cgi_texts(request.environ),
    )
    return dict(zip(NAMES, values))


def read_fields(request: ScriptRequest, trans: Transaction) -> dict[str, Any]:
    """The fields of the form. Raises `FormError`.

    They are read before the template runs: Cheetah takes errors in its search for missing names.
    """
    environ = request.environ
    kind = body_type(environ)
    if environ["REQUEST_METHOD"] in ("GET", "HEAD") or not kind or kind in FORM_TYPES:
        return trans.request().fields()
    return trans.request().queryFields()
