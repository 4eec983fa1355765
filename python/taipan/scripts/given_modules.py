"""Modules that scripts import by the names of old ones, where Python finds none itself."""

from __future__ import annotations

import importlib
from types import ModuleType

#: What stands in for a module, by its name.
GIVEN_MODULES = {
    "Ns": "taipan.ns.module",
    "cgi": "taipan.forms.cgi_module",
    "cgitb": "taipan.scripts.cgitb_module",
}


def import_given(name: str) -> ModuleType | None:
    """The module that stands in for the one of this name; None if there is none."""
    target = GIVEN_MODULES.get(name)
    return None if target is None else importlib.import_module(target)
