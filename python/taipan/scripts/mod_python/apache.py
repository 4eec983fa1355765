"""The module `apache`."""

from __future__ import annotations

import os
import sys
from typing import Any, Callable

from taipan.scripts.mod_python import constants
from taipan.scripts.mod_python.constants import *  # noqa: F403
from taipan.scripts.mod_python.exits import call_at_exit
from taipan.scripts.mod_python.finfo import FileInfo
from taipan.scripts.mod_python.handlers.import_module import import_module as import_module
from taipan.scripts.mod_python.levels import level_name
from taipan.scripts.mod_python.server_record import server_of
from taipan.scripts.mod_python.server_return import ServerReturn
from taipan.scripts.mod_python.tables import Table
from taipan.scripts.request.current import current_request

SERVER_RETURN = ServerReturn
table = make_table = Table
interpreter = "main_interpreter"


def __getattr__(name: str) -> Any:
    # What Apache knows from its start is known here by the request.
    request = current_request() if name == "main_server" else None
    if request is None:
        raise AttributeError(f"module 'mod_python.apache' has no attribute {name!r}")
    return server_of(request)


def log_error(message: object, level: int = constants.APLOG_ERR, server: Any = None) -> None:
    """Writes to the log of the request that is served, else to that of the process."""
    request = current_request()
    if request is None:
        print(message, file=sys.stderr)
    else:
        request.settings.reporter.report(level_name(level), str(message))


def allow_methods(req: Any, *methods: Any) -> int:
    """Adds methods, as `"PUT"` or `M_PUT`, to those that `req.allowed` has; gives its bits.

    Without a request only the bits.
    """
    if isinstance(req, (int, str)):
        from taipan.scripts.mod_python.response_head import method_bits

        return method_bits((req, *methods))
    req.allow_methods(methods)
    return int(req.allowed)


def stat(fname: str, wanted: int = constants.APR_FINFO_NORM) -> FileInfo:
    """What is known of a file, which need not be there; all of it, whatever is wanted."""
    return FileInfo(fname, link=bool(wanted & constants.APR_FINFO_LINK))


def exists_config_define(name: str) -> bool:
    """False: no server was started with `-D`."""
    return False


def mpm_query(code: int) -> int:
    """How the server runs handlers, as far as that is known: in processes, perhaps with threads."""
    return _MPM.get(code, constants.AP_MPMQ_NOT_SUPPORTED)


_MPM = {
    constants.AP_MPMQ_IS_THREADED: constants.AP_MPMQ_STATIC,
    constants.AP_MPMQ_IS_FORKED: constants.AP_MPMQ_STATIC,
}


def server_root() -> str:
    """The folder that the server was started in."""
    return os.getcwd()


def config_tree() -> list[Any]:
    """Empty: no directives are read."""
    return []


def register_cleanup(callback: Callable[[Any], Any], data: Any = None) -> None:
    """Calls `callback(data)` when the process ends."""
    call_at_exit(callback, data)


def build_cgi_env(req: Any) -> dict[str, str]:
    """The variables of a program of CGI for a request, with its credentials."""
    req.add_cgi_vars()
    environ = dict(req.subprocess_env.items())
    authorization = req.headers_in.get("Authorization")
    if authorization is not None:
        environ["HTTP_AUTHORIZATION"] = authorization
    return environ
