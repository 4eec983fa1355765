"""What can be said about scripts before their requests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from taipan.loader.errors import TargetError
from taipan.scripts.cheetah.templates import require_cheetah
from taipan.scripts.modules.handlers import Handlers
from taipan.scripts.modules.module_folders import ModuleFolders


def check_scripts(config: Mapping[str, Any]) -> list[str]:
    """The files of the handlers of an application. Raises what loading it would raise."""
    root = str(config["root"])
    require_folder(root)
    if "cheetah" in config["kinds"].values():
        require_cheetah(f"the kind cheetah of {root}")
    legacy = config.get("legacy")
    folders = ModuleFolders.of_legacy(root, legacy)
    if legacy is not None:
        # Loaded here, because few folders have such a server.
        from taipan.scripts.kinds import check_legacy

        return check_legacy({**legacy, "directory": config["directory"]}, folders)
    handlers = Handlers(str(config["directory"]), folders)
    return [handlers.check(target).file for target in config["handlers"]]


def require_folder(folder: str) -> None:
    """Raises `TargetError` if there is none."""
    if not os.path.isdir(folder):
        raise TargetError(f"there is no folder {folder}")


def describe_scripts(config: Mapping[str, Any], files: list[str]) -> str:
    """What an application with these files is, for people."""
    legacy = config.get("legacy")
    if legacy is None:
        return (
            f"a handler in {files[0]}" if config["isHandler"] else "a folder of scripts and files"
        )
    if legacy["kind"] == "pyisapie":
        return f"the module {legacy['module']} of a PyISAPIe site"
    return f"handlers of mod_python: {legacy.get('handler') or 'those of its phases'}"
