"""`req.server`: the server, as Apache describes a virtual host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taipan.events import Reporter
from taipan.scripts.mod_python.constants import APLOG_WARNING
from taipan.scripts.mod_python.exits import call_at_exit
from taipan.scripts.mod_python.levels import level_name
from taipan.scripts.mod_python.tables import Table
from taipan.scripts.mod_python.variables import SERVER_ADMIN
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.fields import strip_port
from taipan.scripts.request.settings import ScriptSettings


class ServerRecord:
    """What the handlers of a route know of their server."""

    server_admin = SERVER_ADMIN
    defn_name = None
    defn_line_number = 0
    error_fname = None
    is_virtual = 0
    #: Limits and times are those of Apache's defaults; the server has its own.
    keep_alive = 1
    keep_alive_max = 100
    keep_alive_timeout = 5.0
    limit_req_fields = 100
    limit_req_fieldsize = 8190
    limit_req_line = 8190
    loglevel = APLOG_WARNING
    my_generation = 0
    names: tuple[str, ...] = ()
    next = None
    path = None
    pathlen = 0
    timeout = 60.0
    wild_names: tuple[str, ...] = ()

    def __init__(self, settings: ScriptSettings, hostname: str, port: int) -> None:
        self.reporter: Reporter = settings.reporter
        self.server_hostname = hostname
        self.port = port
        self.restart_time = settings.started
        self._legacy: Mapping[str, Any] = settings.legacy or {}

    def get_config(self) -> Table:
        """The directives of the route that have a value."""
        config = Table()
        if self._legacy.get("debug"):
            config["PythonDebug"] = "1"
        if not self._legacy.get("autoReload", True):
            config["PythonAutoReload"] = "0"
        if self._legacy.get("path"):
            config["PythonPath"] = repr(list(self._legacy["path"]))
        return config

    def get_options(self) -> Table:
        """The options of the route; an empty value takes one away."""
        options = self._legacy.get("options") or {}
        return Table({name: value for name, value in options.items() if value})

    def log_error(self, message: str, level: Any = 0) -> None:
        """Writes to the log, by default an error."""
        self.reporter.report(level_name(level), str(message))

    def register_cleanup(self, request: Any, callable: Any, data: Any = None) -> None:
        """Calls `callable(data)` when the process ends."""
        call_at_exit(callable, data)


def server_of(request: ScriptRequest) -> ServerRecord:
    """The server of a request, by the name that the client has for it."""
    environ = request.environ
    name = strip_port(environ.get("HTTP_HOST", "")).lower() or environ["SERVER_NAME"]
    return ServerRecord(request.settings, name, int(environ["SERVER_PORT"] or 0))
