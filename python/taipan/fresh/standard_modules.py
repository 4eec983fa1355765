"""Modules of Python and of Taipan that requests have imported are imported by the template, too."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from itertools import islice

from taipan.template_facts import subscribe

#: The topic of facts about them.
MODULES = "module"

_FOLDER = os.path.dirname(os.__file__) + os.sep
_NAMES: frozenset[str] = getattr(sys, "stdlib_module_names", frozenset())
#: Their import does something that is seen.
_LEFT_OUT = frozenset(
    {"antigravity", "curses", "idlelib", "readline", "rlcompleter", "this", "tkinter"}
)


def subscribe_modules() -> None:
    """Imports what children publish. Python 3.9 does not know which modules are its own."""
    subscribe(MODULES, importlib.import_module)


def find_imported(known: int) -> Iterator[str]:
    """Names of modules that were imported after the first `known` ones."""
    if len(sys.modules) > known:
        for name, module in islice(list(sys.modules.items()), known, None):
            top = name.partition(".")[0]
            if top == "taipan" or (top in _NAMES and top not in _LEFT_OUT and _is_standard(module)):
                yield name


def _is_standard(module: object) -> bool:
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if origin in ("built-in", "frozen"):
        return True
    return (
        isinstance(origin, str)
        and origin.startswith(_FOLDER)
        and not origin.startswith((_FOLDER + "site-packages", _FOLDER + "dist-packages"))
    )
