"""Messages about this Python and what it lacks."""

from __future__ import annotations

import os
import sys

from taipan.loader.nearby import find_environments, find_module_folders
from taipan.loader.python2 import RENAMED


def name_python() -> str:
    """The interpreter and its virtual environment, for people."""
    if sys.prefix == sys.base_prefix:
        return f"{sys.executable}, no virtual environment"
    return f"{sys.executable}, virtual environment {sys.prefix}"


def explain_missing(module: str) -> str:
    """The way out when an application cannot import a module."""
    package, _, inner = module.partition(".")
    where = f"the Python is {name_python()}"
    if inner and package in sys.modules:
        return where
    folders = [] if package in sys.modules else find_module_folders(package)
    if folders:
        return f"{where}; {_name_folders(package, folders)}"
    if package in RENAMED:
        new = RENAMED[package]
        return f"it is a module of Python 2, which has become {new}; 2to3 translates it"
    others = _name_environments("")
    return (
        f"{where}: {others and f'{others}; or '}install its package, as with"
        f" '{sys.executable} -m pip install {package}', select another Python with --python,"
        " or name the folder of your own module with --app-dir"
    )


def explain_missing_target(target: str, directory: str) -> str:
    """The way out when there is no module `target`, or no package that it lies in."""
    package = target.partition(".")[0]
    inside = target.replace(".", os.sep)
    folders = find_module_folders(inside, directory)
    if not folders and package not in sys.modules:
        inside = package
        folders = find_module_folders(package, directory)
    advice = (
        _name_folders(inside, folders)
        if folders
        else "run the command in the folder that contains it, or name that folder with --app-dir"
    )
    others = _name_environments(directory) or "--python selects another"
    return f"{advice}; the Python is {name_python()}, and {others}"


def _name_folders(package: str, folders: list[str]) -> str:
    """The way to a module of the person's own."""
    first = folders[0]
    path = os.path.join(first, package)
    path = path if os.path.isdir(path) else f"{path}.py"
    more = f" (also {', '.join(folders[1:3])})" if len(folders) > 1 else ""
    return f"{path} is there: --app-dir {_shorten(first)} makes it importable{more}"


def _name_environments(directory: str) -> str:
    """The way to an environment near by; empty when there is none."""
    others = find_environments(directory)
    if not others:
        return ""
    text = " and ".join(others[:2]) + (" was" if len(others) == 1 else " were")
    return f"{text} not taken, --python {_shorten(others[0])} selects it"


def _shorten(folder: str) -> str:
    """A path that a person would type, seen from the working directory."""
    short = os.path.relpath(folder)
    return folder if short.startswith(os.path.join("..", "..")) else short
