"""`req.connection`: the connection of the client."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from taipan.scripts.mod_python.constants import AP_CONN_KEEPALIVE
from taipan.scripts.mod_python.levels import level_name
from taipan.scripts.mod_python.server_record import ServerRecord
from taipan.scripts.mod_python.tables import Table

Address = tuple[str, int]


class ClientConnection:
    """Facts of a connection, as one request knows them."""

    aborted = 0
    keepalive = AP_CONN_KEEPALIVE
    #: Node knows which request of its connection it is.
    keepalives = 0
    #: No names are looked up.
    double_reverse = 0
    local_host = None
    remote_host = None
    remote_logname = None

    def __init__(self, server: ServerRecord, remote: Address, local: Address) -> None:
        self.base_server = server
        self.remote_addr = self.client_addr = remote
        self.remote_ip = self.client_ip = remote[0]
        self.local_addr = local
        self.local_ip = local[0]
        #: Two connections that are open have two of them.
        self.id = hash(remote) & 0x7FFFFFFF

    @cached_property
    def notes(self) -> Table:
        """For use by handlers of the request."""
        return Table()

    def log_error(self, message: str, level: Any = 0) -> None:
        """Writes to the log, by default an error."""
        self.base_server.reporter.report(level_name(level), str(message))
