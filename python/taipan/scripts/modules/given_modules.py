"""Modules that scripts import by the names of old ones, where Python finds none itself."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from types import ModuleType

#: What stands in for a module, by its name.
GIVEN_MODULES = {
    "Ns": "taipan.ns.module",
    "cgi": "taipan.forms.cgi_module",
    "cgitb": "taipan.scripts.cgitb_module",
    "mod_python": "taipan.scripts.mod_python",
    "mod_python.apache": "taipan.scripts.mod_python.apache",
    "mod_python.psp": "taipan.scripts.mod_python.psp",
    "mod_python.util": "taipan.scripts.mod_python.util",
    # Webware for Python 3, and what came before.
    "Application": "taipan.scripts.webware.transaction",
    "Cookie": "taipan.scripts.webware.cookie",
    "HTTPContent": "taipan.scripts.webware.servlets",
    "HTTPExceptions": "taipan.scripts.webware.http_exceptions",
    "HTTPServlet": "taipan.scripts.webware.servlets",
    "MiscUtils": "taipan.scripts.webware.no_default",
    "Page": "taipan.scripts.webware.servlets",
    "PSP.PSPPage": "taipan.scripts.webware.servlets",
    "Servlet": "taipan.scripts.webware.servlets",
    "WebKit.HTTPContent": "taipan.scripts.webware.servlets",
    "WebKit.HTTPServlet": "taipan.scripts.webware.servlets",
    "WebKit.Page": "taipan.scripts.webware.servlets",
    "WebUtils.Funcs": "taipan.scripts.webware.functions",
}


def import_given(name: str, fromlist: Sequence[str]) -> ModuleType | None:
    """What `__import__` gives for the name of a module that has a stand-in, else None."""
    target = GIVEN_MODULES.get(name)
    if target is None:
        return None
    module = importlib.import_module(target)
    package, dot, rest = name.partition(".")
    if fromlist or not dot:
        return module
    whole = ModuleType(package)
    setattr(whole, rest, module)
    return whole
