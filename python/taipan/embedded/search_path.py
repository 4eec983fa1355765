"""`sys.path`, shared by all workers in an interpreter."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable

from taipan.embedded import modules

#: Its entries before the first of the present workers.
_base: list[str] = []
_living: list[SearchPath] = []


class SearchPath:
    """The entries of a worker."""

    def __init__(self) -> None:
        self._folders: frozenset[str] = frozenset()
        self._before: frozenset[str] = frozenset()
        self._added: frozenset[str] = frozenset()

    def enter(self, folders: Iterable[str]) -> None:
        """Removes these folders, so that they are inserted at the start again."""
        if not _living:
            _base[:] = sys.path
        _living.append(self)
        self._before = frozenset(sys.path)
        self._folders = frozenset(folders)
        sys.path[:] = [entry for entry in sys.path if not self._has(entry)]
        # The content of folders may have changed since another worker read them.
        importlib.invalidate_caches()

    def settle(self) -> None:
        """After the imports: the entries added since `enter` belong to this worker."""
        self._added = frozenset(sys.path) - self._before

    def leave(self) -> None:
        """Removes its entries, unless other workers need them."""
        if self not in _living:
            return
        _living.remove(self)
        if not _living:
            # Installed packages stay imported, and so do the entries that they have added.
            late = [entry for entry in sys.path if entry not in _base and modules.is_library(entry)]
            sys.path[:] = [*_base, *late]
            return
        sys.path[:] = [entry for entry in sys.path if not self._has(entry) or _is_wanted(entry)]

    def _has(self, entry: str) -> bool:
        return entry in self._added or os.path.realpath(entry) in self._folders


def _is_wanted(entry: str) -> bool:
    return entry in _base or any(one._has(entry) for one in _living)
