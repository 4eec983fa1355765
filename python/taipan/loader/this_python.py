"""Which Python this is, and what to do when it lacks something."""

from __future__ import annotations

import sys


def name_python() -> str:
    """The interpreter and its virtual environment, for people."""
    if sys.prefix == sys.base_prefix:
        return f"{sys.executable}, no virtual environment"
    return f"{sys.executable}, virtual environment {sys.prefix}"


def explain_missing(module: str) -> str:
    """What to do about a module that cannot be imported."""
    package, _, inner = module.partition(".")
    where = f"the Python is {name_python()}"
    if inner and package in sys.modules:
        return where
    return (
        f"{where}: install what has it, as with '{sys.executable} -m pip install {package}', choose"
        " another Python with --python, or name the folder of a module of your own with --app-dir"
    )
