"""The package `mod_python`; its modules are imported when they are asked for."""

from __future__ import annotations

import importlib
from typing import Any

from taipan.scripts.modules.given_modules import GIVEN_MODULES

#: The version whose documentation it follows.
mp_version = "3.5.0"
#: What `from mod_python import *` gives.
__all__ = ["apache", "cgihandler", "psp", "publisher", "util", "version"]


def __getattr__(name: str) -> Any:
    target = GIVEN_MODULES.get(f"mod_python.{name}")
    if target is None:
        raise AttributeError(f"module 'mod_python' has no attribute {name!r}")
    return importlib.import_module(target)
