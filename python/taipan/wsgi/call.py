"""Calls a WSGI application, from the environ to the end of the response."""

from __future__ import annotations

import io
from collections.abc import Generator
from typing import Any

from taipan.answers import Answer, Failure, answer_flags, failure_answer, plain_answer
from taipan.events import (
    Application,
    ClientDisconnected,
    Environ,
    Settings,
    Transport,
    TransportClosed,
    Upgraded,
)
from taipan.tracebacks import format_exception, summarize
from taipan.wsgi.file_wrapper import FileWrapper
from taipan.wsgi.filter_streams import divide, is_filter
from taipan.wsgi.input import PulledInput
from taipan.wsgi.response import ProtocolError, Response

#: The rest of a response; each step sends at most one block.
Steps = Generator[None, None, None]

#: Settings that are the same for all requests of a process.
WsgiSettings = Settings


def base_environ(errors: Any, *, multithread: bool, multiprocess: bool, run_once: bool) -> Environ:
    """The `wsgi.*` keys that are equal in all requests of an application."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.errors": errors,
        "wsgi.multithread": multithread,
        "wsgi.multiprocess": multiprocess,
        "wsgi.run_once": run_once,
        "wsgi.file_wrapper": FileWrapper,
        "wsgi.input_terminated": True,
    }


def run(
    application: Application,
    environ: Environ,
    body: bytes | None,
    transport: Transport,
    settings: WsgiSettings,
) -> None:
    """Calls the application and completes its response. Raises `TransportClosed` only."""
    rest = begin(application, environ, body, transport, settings)
    if rest is not None:
        for _ in rest:
            pass


def begin(
    application: Application,
    environ: Environ,
    body: bytes | None,
    transport: Transport,
    settings: WsgiSettings,
) -> Steps | None:
    """Calls the application. Returns the rest of its response; None if it is complete.

    A step sends at most one block, and may wait. Raises `TransportClosed` only, in steps, too.
    """
    pulled: PulledInput | None = None
    if body is None:
        environ["wsgi.input"] = pulled = PulledInput(transport)
    else:
        environ["wsgi.input"] = io.BytesIO(body)
    if is_filter(environ):
        divide(environ, environ["wsgi.input"])
    # Read before the call, because applications change the environ.
    response = Response(transport, environ["REQUEST_METHOD"] == "HEAD", settings.reporter)
    if body is None and "taipan.websocket" in environ:
        # Imported late, because few applications have them.
        from taipan.wsgi.websocket.call import WebSocketCall

        call = WebSocketCall(environ, transport, response, settings.reporter)
        application = call.wrap(application)
    try:
        result = application(environ, response.start_response)
        kind = type(result)
        if (kind is not list and kind is not tuple) or not response.send_whole(result):
            return _send_rest(result, response, pulled, environ, transport, settings)
    except TransportClosed:
        raise
    except BaseException as error:
        _fail(error, response, environ, transport, settings)
    _finish(response, pulled, transport)
    return None


def respond(transport: Transport, status: int, text: str) -> None:
    """Sends a short response of the worker itself."""
    _send_answer(transport, status, plain_answer(text))


def respond_failure(
    transport: Transport, failure: Failure, environ: Environ, settings: WsgiSettings
) -> None:
    """Sends the response to a failed request."""
    _send_answer(transport, failure.status, failure_answer(failure, environ, settings.dev))


def _send_answer(transport: Transport, status: int, answer: Answer) -> None:
    fields, body = answer
    transport.send(status, answer_flags(fields), len(body), b"\r\n" + fields, body, True)


def _send_rest(
    result: Any,
    response: Response,
    pulled: PulledInput | None,
    environ: Environ,
    transport: Transport,
    settings: WsgiSettings,
) -> Steps:
    try:
        yield from _iterate(result, response)
    except TransportClosed:
        raise
    except BaseException as error:
        _fail(error, response, environ, transport, settings)
    _finish(response, pulled, transport)


def _iterate(result: Any, response: Response) -> Steps:
    if result is None or isinstance(result, (str, bytes, bytearray)):
        raise ProtocolError(
            f"the application returned {type(result).__name__}; it must return an iterable of"
            " bytes, such as [body]"
        )
    # close() is a method of the returned object, not of its iterator, and is called exactly once.
    close = getattr(result, "close", None)
    try:
        if isinstance(result, FileWrapper) and type(result).__next__ is FileWrapper.__next__:
            yield from response.send_file(result)
        elif isinstance(result, (list, tuple)) and close is None:
            # len() of a subclass may be wrong.
            blocks = list(result)
            if not response.send_whole(blocks):
                yield from response.send_sequence(blocks)
        else:
            yield from response.send_iterable(result)
        response.end(close is None)
    finally:
        if close is not None:
            close()


def _finish(response: Response, pulled: PulledInput | None, transport: Transport) -> None:
    response.closed = True
    if pulled is not None:
        pulled.end()
    transport.finish()


def _fail(
    error: BaseException,
    response: Response,
    environ: Environ,
    transport: Transport,
    settings: WsgiSettings,
) -> None:
    if isinstance(error, Upgraded):
        return
    if isinstance(error, ClientDisconnected) and not response.ended:
        settings.reporter.report(
            "info", f"the client disconnected before the end of its response: {error}"
        )
        transport.abort("the client has disconnected")
        return
    settings.reporter.report("error", summarize(error), format_exception(error))
    if response.ended:
        return
    if response.begun:
        transport.abort(summarize(error))
    else:
        failure = Failure(500, "Internal Server Error", error)
        respond_failure(transport, failure, environ, settings)
