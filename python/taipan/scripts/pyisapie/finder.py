"""Makes `Http` and `PyISAPIe` modules that can be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

_FOLDER = os.path.join(os.path.dirname(__file__), "importable")
_NAMES = ("Http", "PyISAPIe")


class _Finder:
    """Finds them where no others are."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """One of these modules."""
        if fullname not in _NAMES:
            return None
        return PathFinder.find_spec(fullname, [_FOLDER])


def install_finder() -> None:
    """Adds it to those of the process. May be called twice."""
    if not any(isinstance(one, _Finder) for one in sys.meta_path):
        sys.meta_path.append(_Finder())
