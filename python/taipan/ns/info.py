"""`Ns.Info...`: the server and its process."""

from __future__ import annotations

import os
import socket
import sys
import time

from taipan.ns.retired import retire
from taipan.scripts.request.current import require_request


def InfoHomePath() -> str:
    """The folder of the route."""
    return require_request().settings.root


def InfoServerName() -> str:
    """The name of the software."""
    return require_request().settings.software.partition("/")[0]


def InfoServerVersion() -> str:
    """The version of the software."""
    return require_request().settings.software.partition("/")[2]


def InfoPid() -> int:
    """The process that runs the script."""
    return os.getpid()


def InfoPlatform() -> str:
    """The operating system."""
    return sys.platform


def InfoBootTime() -> int:
    """When the process began to serve the route, in seconds of the epoch."""
    return int(require_request().settings.started)


def InfoUptime() -> int:
    """Seconds since then."""
    return max(0, int(time.time()) - InfoBootTime())


def InfoHostname() -> str:
    """The name of this computer."""
    return socket.gethostname()


def InfoAddress() -> str:
    """The address that the client has connected to."""
    return str(require_request().environ["SERVER_NAME"])


def InfoShutdownPending() -> bool:
    """False: requests are completed before a stop."""
    return False


def InfoStarted() -> bool:
    """True."""
    return True


def InfoTag() -> str:
    """The name and the version of the software."""
    return require_request().settings.software


InfoConfigFile = retire(
    "InfoConfigFile", "what scripts need of it is in the option config of the route"
)
InfoBuildDate = retire("InfoBuildDate", "InfoServerVersion() tells which Taipan it is")
InfoLabel = retire("InfoLabel", "InfoServerVersion() tells which Taipan it is")
InfoErrorLog = retire("InfoErrorLog", "the log is the standard error of the server")
