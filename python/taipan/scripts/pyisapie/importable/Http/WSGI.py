"""`Http.WSGI`: applications for WSGI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taipan.scripts.pyisapie.interface import RunWSGI
from taipan.scripts.pyisapie.request import require_isapi
from taipan.scripts.pyisapie.run_wsgi import is_below, run_wsgi
from taipan.scripts.pyisapie.variables import url_path

__all__ = ["Map", "RunWSGI"]


class Map:
    """Gives requests to the application with the longest prefix; others pass on."""

    def __init__(self, Applications: Mapping[str, Any]) -> None:
        #: The longest prefix first.
        self._applications = sorted(
            ((prefix.rstrip("/"), one) for prefix, one in Applications.items()),
            key=lambda item: -len(item[0]),
        )

    def __call__(self) -> bool | None:
        """Answers the present request; True if no prefix is that of its path."""
        path = url_path(require_isapi().script)
        for prefix, application in self._applications:
            if is_below(path, prefix):
                run_wsgi(application, prefix)
                return None
        return True
