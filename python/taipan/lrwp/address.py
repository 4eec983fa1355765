"""Where an agent listens: `tcp://HOST:PORT` or `unix:PATH`."""

from __future__ import annotations

import re
import socket as sockets
from typing import Any, Final, NamedTuple, Union

from taipan.lrwp.errors import AgentError
from taipan.native import socket

#: Port of an agent that names none.
USUAL_PORT: Final = 1081
#: Seconds for a connection to come about.
_CONNECT_TIME: Final = 10.0
_TCP: Final = re.compile(r"tcp://(?:\[([^\[\]]+)\]|([^\[\]:/]+))(?::([0-9]{1,5}))?/?")
#: A host that has been silent for so many seconds is asked whether it is still there.
_KEEP_ALIVE: Final = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}


class TcpAddress(NamedTuple):
    """A host, by name or number, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"tcp://{host}:{self.port}"


class UnixAddress(NamedTuple):
    """The path of a socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


Address = Union[TcpAddress, UnixAddress]


def parse_address(text: str) -> Address:
    """Raises `ValueError`."""
    if text.startswith("unix:") and text[5:]:
        return UnixAddress(text[5:])
    match = _TCP.fullmatch(text)
    port = int(match[3] or USUAL_PORT) if match else 0
    if match is None or not 0 < port < 65536:
        raise ValueError(f"{text!r} is neither tcp://HOST:PORT nor unix:PATH")
    return TcpAddress(match[1] or match[2], port)


def connect(address: Address) -> socket:
    """Opens a connection. Raises `AgentError`."""
    try:
        if isinstance(address, UnixAddress):
            return _open(sockets.AF_UNIX, address.path)
        return _connect_tcp(address)
    except OSError as error:
        raise AgentError(error.strerror or str(error) or "no answer in time") from None


def _connect_tcp(address: TcpAddress) -> socket:
    """Tries all addresses of a name."""
    last: OSError | None = None
    for family, _, _, _, place in sockets.getaddrinfo(*address, type=sockets.SOCK_STREAM):
        try:
            connected = _open(family, place)
        except OSError as error:
            last = error
            continue
        connected.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
        _keep_alive(connected)
        return connected
    raise last or OSError("the name has no address")


def _open(family: int, place: Any) -> socket:
    opened = socket(family, sockets.SOCK_STREAM)
    try:
        opened.settimeout(_CONNECT_TIME)
        opened.connect(place)
    except BaseException:
        opened.close()
        raise
    return opened


def _keep_alive(connected: socket) -> None:
    connected.setsockopt(sockets.SOL_SOCKET, sockets.SO_KEEPALIVE, 1)
    for name, value in _KEEP_ALIVE.items():
        if hasattr(sockets, name):
            connected.setsockopt(sockets.IPPROTO_TCP, getattr(sockets, name), value)
