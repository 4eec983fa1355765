"""Whose code a file is, and its path for people."""

from __future__ import annotations

import os
import sysconfig
from typing import Final

_PACKAGES: Final = ("site-packages", "dist-packages")


def is_library(path: str) -> bool:
    """Whether the file belongs to Python or to an installed package."""
    if path.startswith(("<frozen ", _standard_folder())):
        return True
    return not set(_PACKAGES).isdisjoint(path.split(os.sep))


def library_name(path: str) -> str:
    """The package or module of a library file."""
    first = shorten_path(path).split(os.sep)[0]
    return "Python" if path.startswith(("<frozen ", _standard_folder())) else _without_ending(first)


def shorten_path(path: str) -> str:
    """The path from the folder of the packages, or from the working directory if it is below."""
    parts = path.split(os.sep)
    for name in _PACKAGES:
        if name in parts:
            return os.sep.join(parts[len(parts) - parts[::-1].index(name) :])
    for folder in (_standard_folder(), _working_directory()):
        if path.startswith(folder):
            return path[len(folder) :]
    return path


def _standard_folder() -> str:
    return os.path.join(sysconfig.get_path("stdlib"), "")


def _working_directory() -> str:
    try:
        return os.path.join(os.getcwd(), "")
    except OSError:
        return os.sep


def _without_ending(name: str) -> str:
    return name[:-3] if name.endswith(".py") else name
