"""The events of `global.asa`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple

from taipan.asp.includes import Site
from taipan.asp.page import AspPage, GlobalCache
from taipan.loader.code_cache import file_stamp
from taipan.scripts.folder_access import FolderAccess

#: On the systems of ASP the case did not matter.
_SPELLINGS = ("global.asa", "Global.asa", "GLOBAL.ASA", "Global.ASA")
_EVENTS = ("application_onstart", "application_onend", "session_onstart", "session_onend")


class Events(NamedTuple):
    """A `global.asa` whose functions can be called."""

    page: AspPage
    folder: FolderAccess
    #: Those that it has, in lower case.
    names: frozenset[str]

    def has(self, event: str) -> bool:
        """Whether there is a function for an event."""
        return event.lower() in self.names

    def call(self, event: str, objects: Mapping[str, Any]) -> None:
        """Calls the function of an event, if there is one. Raises what it raises."""
        if not self.has(event):
            return
        modules = self.folder.modules_of(self.folder.root)
        namespace = {
            **objects,
            "__name__": "global_asa",
            "__file__": self.page.path,
            "__builtins__": modules.refresh(),
        }
        self.page.run(namespace, _drop)
        name = next(name for name in namespace if name.lower() == event.lower())
        function: Callable[[], object] = namespace[name]
        self.page.guard(function)


class GlobalAsa:
    """The `global.asa` of a site, read again when it differs."""

    def __init__(self, site: Site, folder: FolderAccess) -> None:
        self._site = site
        self._folder = folder
        self._cache = GlobalCache(site)
        self._cache.share(f"global.asa of {site.mount}")

    def load(self) -> Events | None:
        """None if there is none. Raises `PageSyntaxError`."""
        for spelling in _SPELLINGS:
            path = os.path.join(self._site.root, spelling)
            try:
                file_stamp(path)
                page = self._cache.load(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            names = frozenset(name.lower() for name in page.code.co_names)
            return Events(page, self._folder, names.intersection(_EVENTS))
        return None


def _drop(_text: str) -> None:
    pass
