"""Whose code a file is, and its path for people."""

from __future__ import annotations

import os
from typing import Final

_PACKAGES: Final = ("site-packages", "dist-packages")
_STANDARD_FOLDER: Final = os.path.join(os.path.dirname(os.__file__), "")


def is_library(path: str) -> bool:
    """Whether the file belongs to Python or to an installed package."""
    return is_standard(path) or _is_installed(path)


def is_standard(path: str) -> bool:
    """Whether the file belongs to Python."""
    return path.startswith(("<frozen ", _STANDARD_FOLDER)) and not _is_installed(path)


def _is_installed(path: str) -> bool:
    return not set(_PACKAGES).isdisjoint(path.split(os.sep))


def library_name(path: str) -> str:
    """The package or module of a library file."""
    first = shorten_path(path).split(os.sep)[0]
    return "Python" if is_standard(path) else _without_ending(first)


def shorten_path(path: str) -> str:
    """The path from the folder of the packages, or from the working directory if it is below."""
    parts = path.split(os.sep)
    for name in _PACKAGES:
        if name in parts:
            return os.sep.join(parts[len(parts) - parts[::-1].index(name) :])
    for folder in (_STANDARD_FOLDER, _working_directory()):
        if path.startswith(folder):
            return path[len(folder) :]
    return path


def _working_directory() -> str:
    try:
        return os.path.join(os.getcwd(), "")
    except OSError:
        return os.sep


def _without_ending(name: str) -> str:
    return name[:-3] if name.endswith(".py") else name
