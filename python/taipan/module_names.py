"""Names of the modules of folders, for the import system and for people."""

from __future__ import annotations

import re

#: Of the package of a folder; a digest of 12 digits follows.
PREFIX = "_taipan_scripts_"
_PACKAGE = re.compile(rf"\b{PREFIX}[0-9a-f]{{12}}\.")


def plain_name(module: str) -> str:
    """The name of a module without the prefix of its folder."""
    return module.partition(".")[2] if module.startswith(PREFIX) else module


def plain_text(text: str) -> str:
    """A text for people, where modules have the names by which they are imported."""
    return _PACKAGE.sub("", text) if PREFIX in text else text


def is_missing(error: ModuleNotFoundError, name: str) -> bool:
    """Whether the module of this name, or a package that it is in, is what was not found."""
    return f"{name}.".startswith(f"{plain_name(error.name or '')}.")
