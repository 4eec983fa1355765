"""Packages that only some sites need."""

from __future__ import annotations

import importlib
import sys
from typing import Any


def require_package(module: str, *, distribution: str, reason: str) -> Any:
    """Imports a module of a package that others have made.

    Raises `ModuleNotFoundError` with the reason and the way to install the package if it is not
    there. It has no name, because nothing is missing that the application has named.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != module.partition(".")[0]:
            raise
        raise ModuleNotFoundError(
            f"{reason}, as with '{sys.executable} -m pip install {distribution}'"
        ) from None
