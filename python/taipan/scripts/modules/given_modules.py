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
    "imp": "taipan.scripts.modules.imp_module",
    "lrwp": "taipan.lrwp.library",
    "mod_python": "taipan.scripts.mod_python",
    "mod_python.Cookie": "taipan.scripts.mod_python.cookie",
    "mod_python.Session": "taipan.scripts.mod_python.session",
    "mod_python.apache": "taipan.scripts.mod_python.apache",
    "mod_python.cgihandler": "taipan.scripts.mod_python.cgihandler",
    "mod_python.httpdconf": "taipan.scripts.mod_python.httpdconf",
    "mod_python.psp": "taipan.scripts.mod_python.psp",
    "mod_python.publisher": "taipan.scripts.mod_python.publisher",
    "mod_python.testhandler": "taipan.scripts.mod_python.testhandler",
    "mod_python.util": "taipan.scripts.mod_python.util",
    "mod_python.version": "taipan.scripts.mod_python.version",
    "mod_python.wsgi": "taipan.scripts.mod_python.wsgi",
    "win32com.axscript.asputil": "taipan.scripts.asp.asputil",
    # Webware for Python 3, and what came before.
    "Application": "taipan.scripts.webware.transaction",
    "Cookie": "taipan.scripts.webware.cookie",
    "HTTPContent": "taipan.scripts.webware.servlets",
    "HTTPExceptions": "taipan.scripts.webware.http_exceptions",
    "HTTPServlet": "taipan.scripts.webware.servlets",
    "JSONRPCServlet": "taipan.scripts.webware.rpc",
    "MiscUtils": "taipan.scripts.webware.no_default",
    "PSP.PSPPage": "taipan.scripts.webware.servlets",
    "Page": "taipan.scripts.webware.servlets",
    "RPCServlet": "taipan.scripts.webware.rpc",
    "Servlet": "taipan.scripts.webware.servlets",
    "SidebarPage": "taipan.scripts.webware.sidebar_page",
    "WebKit.Cookie": "taipan.scripts.webware.cookie",
    "WebKit.HTTPContent": "taipan.scripts.webware.servlets",
    "WebKit.HTTPExceptions": "taipan.scripts.webware.http_exceptions",
    "WebKit.HTTPServlet": "taipan.scripts.webware.servlets",
    "WebKit.JSONRPCServlet": "taipan.scripts.webware.rpc",
    "WebKit.Page": "taipan.scripts.webware.servlets",
    "WebKit.RPCServlet": "taipan.scripts.webware.rpc",
    "WebKit.Servlet": "taipan.scripts.webware.servlets",
    "WebKit.SidebarPage": "taipan.scripts.webware.sidebar_page",
    "WebKit.XMLRPCServlet": "taipan.scripts.webware.rpc",
    "WebUtils.Funcs": "taipan.scripts.webware.functions",
    "XMLRPCServlet": "taipan.scripts.webware.rpc",
    "webware.Cookie": "taipan.scripts.webware.cookie",
    "webware.HTTPContent": "taipan.scripts.webware.servlets",
    "webware.HTTPExceptions": "taipan.scripts.webware.http_exceptions",
    "webware.HTTPServlet": "taipan.scripts.webware.servlets",
    "webware.JSONRPCServlet": "taipan.scripts.webware.rpc",
    "webware.Page": "taipan.scripts.webware.servlets",
    "webware.RPCServlet": "taipan.scripts.webware.rpc",
    "webware.Servlet": "taipan.scripts.webware.servlets",
    "webware.SidebarPage": "taipan.scripts.webware.sidebar_page",
    "webware.XMLRPCServlet": "taipan.scripts.webware.rpc",
}

#: Packages whose modules are given even where one is installed: they work in their server only.
REPLACED_PACKAGES = frozenset({"mod_python", "webware"})


#: Names that modules of Python had once, and that stand-ins still have.
LOST_NAMES = {"cgi": ("escape", "parse_qs", "parse_qsl")}


def restore_names(module: ModuleType) -> None:
    """Gives a module of Python its lost names again."""
    lost = [name for name in LOST_NAMES[module.__name__] if not hasattr(module, name)]
    if lost:
        stand_in = importlib.import_module(GIVEN_MODULES[module.__name__])
        for name in lost:
            setattr(module, name, getattr(stand_in, name))


def import_given(name: str, fromlist: Sequence[str]) -> ModuleType | None:
    """What `__import__` gives for the name of a module that has a stand-in, else None."""
    target = GIVEN_MODULES.get(name)
    if target is None:
        return None
    module = importlib.import_module(target)
    for one in fromlist or ():
        inner = GIVEN_MODULES.get(f"{name}.{one}")
        if inner is not None:
            setattr(module, one, importlib.import_module(inner))
    package, dot, rest = name.partition(".")
    if fromlist or not dot:
        return module
    known = GIVEN_MODULES.get(package)
    whole = importlib.import_module(known) if known is not None else ModuleType(package)
    setattr(whole, rest, module)
    return whole
