"""Lets `import mod_wsgi` find the module of this process, where no other one is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

_NAME = "mod_wsgi"
_FILE = Path(__file__).with_name("importable.py")


class _Finder:
    """Stands behind all others, so that a package of that name wins."""

    @staticmethod
    def find_spec(
        name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module, for its name alone."""
        return spec_from_file_location(_NAME, _FILE) if name == _NAME else None


def install_finder() -> None:
    """Makes the module importable; may be called again."""
    finders: list[object] = sys.meta_path  # type: ignore[assignment]
    if _Finder not in finders:
        finders.append(_Finder)
