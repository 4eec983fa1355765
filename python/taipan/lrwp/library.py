"""The interface of the old library of LRWP: `LRWP`, `Request`, and what they raise."""

from __future__ import annotations

import os
import sys
from typing import Any

from taipan.forms import FieldStorage
from taipan.lrwp.agent_source import AgentSource
from taipan.lrwp.cgi_source import CgiSource
from taipan.lrwp.library_errors import ConnectError, ConnectionClosed, SocketError
from taipan.lrwp.registration import Registration
from taipan.lrwp.standard_streams import StandardStreams

__all__ = ["LRWP", "ConnectError", "ConnectionClosed", "Request", "SocketError"]


class LRWP:
    """A peer of the server at `host` and `port`; `host` may be `unix:PATH`, too.

    In a program that a server has started by CGI, which the variable GATEWAY_INTERFACE tells, it
    takes part in nothing: its only request is the one that the program was started for.
    """

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        vhost: str = "",
        filter: str = "",
        useStdio: Any = 0,
        password: str = "",
    ) -> None:
        """`password`, which the old library did not know, is for servers that ask for one.

        `useStdio` lets `print`, `sys.stdin` and `os.environ` be those of the request.
        """
        self.name = name
        self.host = host
        self.port = port
        self.vhost = vhost
        self.filter = filter
        self.useStdio = useStdio
        self.password = password
        self.env: dict[str, str] | None = None
        self.inp: Any = None
        self.out: Any = None
        self._source: AgentSource | CgiSource | None = None
        self._streams: StandardStreams | None = None

    def connect(self) -> None:
        """Registers with the server. Raises `ConnectError` and `SocketError`."""
        self.close()
        if "GATEWAY_INTERFACE" in os.environ:
            self._source = CgiSource()
            return
        password = self.password.encode("utf-8")
        registration = Registration(self.name, self.vhost, password, self.filter)
        self._source = AgentSource(self.host, self.port, registration)

    def acceptRequest(self) -> Request:
        """Waits for the next request; finishes the one before.

        Raises `ConnectionClosed` when there are no more, and `SocketError`.
        """
        self.finish()
        if self._source is None:
            raise ConnectError("call connect() before acceptRequest()")
        self.env, self.inp, self.out = self._source.accept()
        if self.useStdio and isinstance(self._source, AgentSource):
            self._streams = StandardStreams(self.env, self.inp, self.out)
        return Request(self)

    def finish(self) -> None:
        """Sends what was written, if there is a request. Raises `SocketError`."""
        if self.out is None:
            return
        assert self._source is not None
        self._forget()
        self._source.finish()

    def close(self) -> None:
        """Leaves the server. A request that is not finished gets no answer."""
        self._forget()
        if self._source is not None:
            self._source.close()
        self._source = None

    def _forget(self) -> None:
        if self._streams is not None:
            self._streams.restore()
        self._streams = self.env = self.inp = self.out = None


class Request:
    """A request, and the response that is written for it: a head as of CGI, and the page."""

    def __init__(self, lrwp: LRWP) -> None:
        self.lrwp = lrwp
        #: Variables of CGI.
        self.env = lrwp.env or {}
        #: The body, a file of bytes.
        self.inp = lrwp.inp
        #: Takes text, which becomes UTF-8, and bytes.
        self.out = lrwp.out
        #: The log of the program; pages do not show what is written there.
        self.err = sys.stderr

    def finish(self) -> None:
        """Sends what was written."""
        self.lrwp.finish()

    def getFieldStorage(self) -> FieldStorage:
        """The form of the request, as `cgi.FieldStorage`; blank fields are kept."""
        return FieldStorage(fp=self.inp, environ=self.env, keep_blank_values=1)
