"""Messages about this Python and what it lacks."""

from __future__ import annotations

import sys


def name_python() -> str:
    """The interpreter and its virtual environment, for people."""
    if sys.prefix == sys.base_prefix:
        return f"{sys.executable}, no virtual environment"
    return f"{sys.executable}, virtual environment {sys.prefix}"


def explain_missing(module: str) -> str:
    """The way out when a module cannot be imported."""
    package, _, inner = module.partition(".")
    where = f"the Python is {name_python()}"
    if inner and package in sys.modules:
        return where
    return (
        f"{where}: install its package, as with '{sys.executable} -m pip install {package}', select"
        " another Python with --python, or name the folder of your own module with --app-dir"
    )
