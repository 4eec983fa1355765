"""The modules of all folders that a route has scripts or handlers in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from taipan.scripts.modules.execfile import CODE
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.template_facts import subscribe

_LIMIT = 1000


class ModuleFolders:
    """Gives each folder its modules; those of the route's folder are found in all."""

    def __init__(
        self,
        root: str,
        given: Mapping[str, Any] | None = None,
        *,
        path: Sequence[str] = (),
        reloads: bool = True,
        variant: str = "",
    ) -> None:
        """`path` has further folders that modules are found in; the rest is for all folders."""
        #: Absolute path of the route's folder.
        self.root = root
        self._make = partial(
            FolderModules,
            code=CODE,
            reloads=reloads,
            folders=self,
            variant=variant,
        )
        last: FolderModules | None = None
        for folder in [*reversed(path), root]:
            last = self._make(folder, root=last, given=given)
        assert last is not None
        self._root = last
        self._folders = {root: self._root}
        if not variant:
            subscribe(self._root.topic, lambda folder: self.of(folder).refresh())

    @classmethod
    def of_legacy(
        cls, root: str, legacy: Mapping[str, Any] | None, given: Mapping[str, Any] | None = None
    ) -> ModuleFolders:
        """Those of a route with a server of old, as in `src/core/legacy-server.ts`, or without."""
        if legacy is None or legacy["kind"] != "mod_python":
            return cls(root, given)
        path, reloads = legacy["path"], bool(legacy["autoReload"])
        # Another route with the folder may find other modules in it.
        variant = "" if reloads and not path else f"mod_python {reloads} {path}"
        return cls(root, given, path=path, reloads=reloads, variant=variant)

    def of(self, folder: str) -> FolderModules:
        """The modules of a folder, given by its absolute path."""
        found = self._folders.get(folder)
        if found is None:
            if len(self._folders) >= _LIMIT:
                self._folders = {self.root: self._root}
            found = self._folders[folder] = self._make(folder, root=self._root)
        return found

    def close(self) -> None:
        """Forgets all modules; for folders that nothing is imported from any more."""
        for folder in list(self._folders.values()):
            folder.close()
