"""Names of the modules of folders, for the import system and for people."""

from __future__ import annotations

#: Of the package of a folder.
PREFIX = "_taipan_scripts_"


def plain_name(module: str) -> str:
    """The name of a module without the prefix of its folder."""
    return module.partition(".")[2] if module.startswith(PREFIX) else module


def is_missing(error: ModuleNotFoundError, name: str) -> bool:
    """Whether the module of this name, or a package that it is in, is what was not found."""
    return f"{name}.".startswith(f"{plain_name(error.name or '')}.")
