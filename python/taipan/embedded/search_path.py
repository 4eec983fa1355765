"""`sys.path`, which all generations of applications in one interpreter share."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterable

from taipan.embedded import modules

#: What was there before the first of those that live.
_base: list[str] = []
_living: list[SearchPath] = []


class SearchPath:
    """What one generation has on it."""

    def __init__(self) -> None:
        self._folders: frozenset[str] = frozenset()
        self._before: frozenset[str] = frozenset()
        self._added: frozenset[str] = frozenset()

    def enter(self, folders: Iterable[str]) -> None:
        """Makes way for these folders to be put first, wherever others have put them."""
        if not _living:
            _base[:] = sys.path
        _living.append(self)
        self._before = frozenset(sys.path)
        self._folders = frozenset(folders)
        sys.path[:] = [entry for entry in sys.path if not self._has(entry)]
        # Folders may have changed since another generation looked into them.
        importlib.invalidate_caches()

    def settle(self) -> None:
        """All is imported: what has come since `enter` goes with this one."""
        self._added = frozenset(sys.path) - self._before

    def leave(self) -> None:
        """Takes its entries away, unless others want them."""
        if self not in _living:
            return
        _living.remove(self)
        if not _living:
            # Installed packages stay imported, and what they have added stays.
            late = [entry for entry in sys.path if entry not in _base and modules.is_library(entry)]
            sys.path[:] = [*_base, *late]
            return
        sys.path[:] = [entry for entry in sys.path if not self._has(entry) or _is_wanted(entry)]

    def _has(self, entry: str) -> bool:
        return entry in self._added or os.path.realpath(entry) in self._folders


def _is_wanted(entry: str) -> bool:
    return entry in _base or any(one._has(entry) for one in _living)
