"""What the pages of a folder have in common."""

from __future__ import annotations

from taipan.asp.includes import Site
from taipan.asp.page import AspCache, AspPage
from taipan.psp.output import escape
from taipan.scripts.asp.application import ApplicationValues
from taipan.scripts.asp.ended_sessions import EndedSessions
from taipan.scripts.asp.events import GlobalAsa
from taipan.scripts.asp.life import ApplicationLife
from taipan.scripts.asp.server import Server
from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.request.settings import ScriptSettings


class AspFolder:
    """The pages of a folder, which are one application."""

    def __init__(self, settings: ScriptSettings, access: FolderAccess) -> None:
        self.access = access
        self.site = Site(settings.root, settings.mount)
        self.show = escape if settings.pages.autoescape else str
        self.values = ApplicationValues(settings.mount)
        self.asa = GlobalAsa(self.site, access)
        self.life = ApplicationLife(settings, self.values, self.asa.load, self._make_server)
        self.ended = EndedSessions(settings.mount)
        self._cache = AspCache(self.site, settings.cache_limit)
        self._cache.share(f"asp pages of {settings.mount}")

    def load_page(self, path: str, version: str | None = None) -> AspPage:
        """The compiled page. Raises `PageSyntaxError`, and `OSError` if it cannot be read."""
        return self._cache.load(path, version)

    def _make_server(self) -> Server:
        return Server(self.site)
