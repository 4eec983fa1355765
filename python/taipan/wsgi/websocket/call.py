"""Calls an application whose request may become a WebSocket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from taipan.events import Application, Environ, Reporter, TransportClosed, Upgraded
from taipan.tracebacks import format_exception, summarize
from taipan.wsgi.file_wrapper import FileWrapper
from taipan.wsgi.response import Response
from taipan.wsgi.websocket.raw_socket import RawSocket
from taipan.wsgi.websocket.socket import WebSocket

_NORMAL = 1000
_CRASHED = 1011
#: What libraries look for that speak HTTP/1.1 and find their request in HTTP/2.
_HANDSHAKE = {
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_UPGRADE": "websocket",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGFpcGFuLXdlYnNvY2tldA==",
}


class WebSocketCall:
    """One request with a handshake, which the application may accept."""

    def __init__(
        self, environ: Environ, transport: Any, response: Response, reporter: Reporter
    ) -> None:
        offered = environ["taipan.websocket"]
        self._socket = WebSocket(transport, offered, lambda: not response.begun)
        self._raw = RawSocket(self._socket)
        self._reporter = reporter
        transport.sink = self._socket.take_frame
        environ["taipan.websocket"] = self._socket
        environ["werkzeug.socket"] = self._raw
        # Node compresses.
        environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        environ["REQUEST_METHOD"] = "GET"
        for name, value in _HANDSHAKE.items():
            environ.setdefault(name, value)

    def wrap(self, application: Application) -> Application:
        """An application that raises `Upgraded` after a WebSocket, and answers as usual without."""

        def serve(environ: Environ, start_response: Any) -> Any:
            try:
                result = application(environ, start_response)
                if isinstance(result, (list, tuple, FileWrapper)) and not self._socket.accepted:
                    return result
            except BaseException as error:
                self._end(error)
            return self._body(result)

        return serve

    def _body(self, result: Any) -> Iterator[Any]:
        close = getattr(result, "close", None)
        try:
            try:
                for block in result or ():
                    # What is returned beside a WebSocket is no response.
                    if not self._socket.accepted:
                        yield block
            finally:
                if close is not None:
                    close()
        except BaseException as error:
            self._end(error)
        if self._socket.accepted:
            self._end(None)

    def _end(self, error: BaseException | None) -> NoReturn:
        """Raises the error, or after a WebSocket `Upgraded`."""
        socket = self._socket
        if error is not None and (not socket.accepted or isinstance(error, TransportClosed)):
            self._raw.end()
            raise error
        code = _NORMAL
        # Libraries raise one or the other to tell their server that the socket is gone.
        is_quiet = socket.closed and isinstance(error, (OSError, StopIteration))
        if error is not None and not is_quiet:
            self._reporter.report("error", summarize(error), format_exception(error))
            code = _CRASHED
        socket.finish(code)
        self._raw.end()
        raise Upgraded from None
