"""Runs PSP pages."""

from __future__ import annotations

from functools import lru_cache, partial

from taipan.psp.page import Page, PageCache, compile_page
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python.pages import run_mod_python
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.webware.pages import WebwarePages

_TEXTS = 64


class Pages:
    """The pages of a folder, compiled once for each version of their files."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._options = settings.pages
        self._folder = folder
        self._cache = PageCache(settings.pages, settings.cache_limit)
        self._cache.share(f"pages of {settings.mount}")
        self._webware = (
            WebwarePages(settings, folder) if settings.pages.dialect == "webware" else None
        )
        self._compile = lru_cache(_TEXTS)(self._compile_text)

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What runs the page of a request; its error page if it fails before anything was sent."""
        return partial(self._run, self.load_page(request.path, version), request)

    def load_page(self, path: str, version: str | None = None) -> Page:
        """The compiled page. Raises `PageSyntaxError`, and `OSError` if it cannot be read.

        `version` identifies the content of its own file; None: look.
        """
        return self._cache.load(path, version)

    def compile(self, path: str, content: bytes) -> Page:
        """A page that is in no file, beside the file of this path. Raises `PageSyntaxError`."""
        return self._compile(path, content)

    def _compile_text(self, path: str, content: bytes) -> Page:
        return compile_page(path, content, self._options)

    def _run(self, page: Page, request: ScriptRequest) -> None:
        if self._webware is None:
            run_mod_python(page, request, self._folder)
        else:
            self._webware.run(page, request)
