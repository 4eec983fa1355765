"""Runs the ASP pages of a folder."""

from __future__ import annotations

from functools import partial

from taipan.asp.page import AspPage
from taipan.scripts.asp.asp_folder import AspFolder
from taipan.scripts.asp.run import AspRun
from taipan.scripts.request.current import Run, ScriptRequest


class AspPages(AspFolder):
    """The kind of `.asp` files."""

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the page of a request."""
        return partial(self._run, self.load_page(request.path, version), request)

    def _run(self, page: AspPage, request: ScriptRequest) -> None:
        run = AspRun(self, page, request)
        try:
            run.run()
        finally:
            run.close()
