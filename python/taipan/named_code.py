"""Code that the configuration names, besides applications."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib import import_module
from runpy import run_path
from types import ModuleType
from typing import Any, NoReturn


class NotThere(Exception):
    """There is nothing of the name that an option has."""


def import_named(option: str, name: str) -> ModuleType:
    """Imports the module that an option names. Raises `NotThere`, or whatever its code raises."""
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        # What the module itself imports in vain is another matter.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    # `import_module` takes names of folders of modules for relative ones.
    except TypeError:
        if not name.startswith("."):
            raise
    hint = f"write {name[:-3]}" if name.endswith(".py") else "correct the name"
    _refuse(f"{option} names the module {name}, which does not exist; {hint}")


def run_named(option: str, path: str) -> None:
    """Runs the file that an option names. Raises `NotThere`, or whatever its code raises."""
    if not os.path.exists(path):
        whole = os.path.abspath(path)
        _refuse(f"{option} names the file {whole}, which does not exist; correct the path")
    run_path(path, run_name="taipan_startup")


def is_needed(config: Mapping[str, Any]) -> bool:
    """Whether a process is worth nothing without it: services get the names of all groups."""
    return config.get("service") is None


def _refuse(text: str) -> NoReturn:
    raise NotThere(f"{text}, or leave the option out")
