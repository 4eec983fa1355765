"""Requests of an agent, for programs in the interface of the old library."""

from __future__ import annotations

import os
from typing import BinaryIO

from taipan.lrwp.address import TcpAddress, UnixAddress, connect
from taipan.lrwp.errors import AgentError, AgentGone, Refused
from taipan.lrwp.library_errors import ConnectError, ConnectionClosed, SocketError
from taipan.lrwp.output import CountedOutput
from taipan.lrwp.page_output import PageOutput
from taipan.lrwp.registration import Registration, register, validate_registration
from taipan.lrwp.request import PeerRequest, read_request
from taipan.lrwp.stream import AgentStream


class AgentSource:
    """A registered connection. Raises `ConnectError` and `SocketError` where there is none."""

    def __init__(self, host: str, port: int, registration: Registration) -> None:
        unix = host.startswith("unix:")
        address = UnixAddress(host[len("unix:") :]) if unix else TcpAddress(host, int(port))
        try:
            validate_registration(registration)
            self._stream = AgentStream(connect(address))
        except ValueError as error:
            raise ConnectError(str(error)) from None
        except AgentError as error:
            raise SocketError(f"{address}: {error}") from None
        self._request: PeerRequest | None = None
        self._output = CountedOutput()
        try:
            register(self._stream, registration)
        except (Refused, AgentError) as error:
            self._stream.close()
            kind = ConnectError if isinstance(error, Refused) else SocketError
            raise kind(f"{address}: {error}") from None

    def accept(self) -> tuple[dict[str, str], BinaryIO, PageOutput]:
        """Waits for the next request: its variables, its body, and what takes the response."""
        try:
            self._stream.wait()
            if not self._stream.peek(1):
                raise AgentGone("the server has closed the connection")
            request = read_request(self._stream)
        except AgentGone as error:
            raise ConnectionClosed(str(error)) from None
        except AgentError as error:
            raise SocketError(str(error)) from None
        self._request = request
        decode = os.fsdecode
        variables = {decode(name): decode(value) for name, value in request.variables.items()}
        return variables, request.body, PageOutput(self._output.write)

    def finish(self) -> None:
        """Sends the response."""
        try:
            if self._output.broken:
                self._output.fail()
            self._output.send(self._stream)
        except AgentError as error:
            raise SocketError(str(error)) from None
        finally:
            self._forget()

    def close(self) -> None:
        """Ends the connection."""
        self._forget()
        self._output.close()
        self._stream.close()

    def _forget(self) -> None:
        if self._request is not None:
            self._request.close()
        self._request = None
        self._output.clear()
