"""How handlers are called: one style for each system that they were written for."""

from __future__ import annotations

import inspect
from typing import Any, Callable

from taipan.scripts.request.current import ScriptRequest

#: Calls a handler, which may print or answer by its connection.
Style = Callable[[Callable[..., Any], ScriptRequest], None]


def _call_pywx(function: Callable[..., Any], request: ScriptRequest) -> None:
    """PyWX: the function gets the connection. A text or bytes that it returns are the body."""
    # Scripts may do without it.
    from taipan.connection import connection_of

    connection = connection_of(request)
    result = function(connection)
    if isinstance(result, (str, bytes)):
        connection.write(result)
    # Numbers are results of calls of the connection, such as `Ns.OK`.
    elif result is not None and not isinstance(result, int):
        if inspect.iscoroutine(result):
            result.close()
        raise TypeError(
            f"the handler returned {type(result).__name__}; handlers return a str or bytes,"
            " or None if they have answered"
        )


#: By the name of the option `style`.
STYLES: dict[str, Style] = {"pywx": _call_pywx}
