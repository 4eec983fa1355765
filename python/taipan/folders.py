"""Whether files are in a folder."""

from __future__ import annotations

import os


def is_below(path: str, folder: str) -> bool:
    """Whether a path is that of a folder or leads on from it; both are absolute and normal."""
    return f"{path}/".startswith(f"{folder.rstrip('/')}/")


def leads_below(path: str, folder: str) -> bool:
    """Likewise, with links followed."""
    return is_below(os.path.realpath(path), os.path.realpath(folder))
