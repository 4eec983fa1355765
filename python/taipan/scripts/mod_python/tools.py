"""`psp`: what a page can ask for."""

from __future__ import annotations

import os
from typing import Any, Callable

from taipan.scripts.mod_python.request import Request
from taipan.scripts.mod_python.util import apply_fs_data, redirect


class PageTools:
    """The object `psp` of a page."""

    def __init__(self, req: Request, path: str) -> None:
        self._req = req
        #: The file of the page.
        self._path = path
        #: The page that is run instead if this one fails; empty: none.
        self.error_page = ""

    def set_error_page(self, name: str) -> None:
        """`name` is relative to the folder of the page, or below the folder of scripts with a
        slash at its beginning."""
        if name.startswith("/"):
            self.error_page = self._req.document_root() + name
        else:
            self.error_page = os.path.join(os.path.dirname(self._path), name)

    def redirect(self, location: str, permanent: int = 0) -> None:
        """Ends the page with a redirect. Raises `OSError` when something has been sent."""
        redirect(self._req, location, permanent, "")

    def apply_data(self, function: Callable[..., Any], **given: Any) -> Any:
        """Calls a function with the fields of the form that it has parameters for."""
        return apply_fs_data(function, self._req.read_form(), req=self._req, **given)
