"""The modules of all folders that a route has scripts or handlers in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.template_facts import subscribe

_LIMIT = 1000


class ModuleFolders:
    """Gives each folder its modules; those of the route's folder are found in all."""

    def __init__(self, root: str, given: Mapping[str, Any] | None = None) -> None:
        self._path = root
        self._root = FolderModules(root, CODE, given=given)
        self._folders = {root: self._root}
        subscribe(self._root.topic, lambda folder: self.of(folder).refresh())

    def of(self, folder: str) -> FolderModules:
        """The modules of a folder, given by its absolute path."""
        found = self._folders.get(folder)
        if found is None:
            if len(self._folders) >= _LIMIT:
                self._folders = {self._path: self._root}
            found = self._folders[folder] = FolderModules(folder, CODE, self._root)
        return found
