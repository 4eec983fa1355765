"""The module `psp`: pages as templates of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PSP:
    """A page that is run in the request of another one."""

    def __init__(
        self,
        req: Any,
        filename: str | None = None,
        string: str | bytes | None = None,
        vars: Mapping[str, Any] | None = None,
    ) -> None:
        """`filename` is relative to the folder of the page of the request, its default.

        Raises `PageSyntaxError`, and `SERVER_RETURN` with 404 where there is no such file.
        """
        if filename and string:
            raise ValueError("Must specify either filename or string")
        self._req = req
        self._vars = vars or {}
        self._page = req.load_page(filename, string)

    def run(self, vars: Mapping[str, Any] | None = None, flush: int = 0) -> None:
        """Writes the page; `vars` are globals of it."""
        self._req.run_page(self._page, {**self._vars, **(vars or {})})
        if flush:
            self._req.flush()

    def __str__(self) -> str:
        self._req.content_type = "text/html; charset=utf-8"
        self.run()
        return ""
