"""Passes decoded requests to their applications."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable, Final, Optional, Protocol

from taipan.answers import Failure
from taipan.control import Message
from taipan.events import Application, Environ, Transport, TransportClosed
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.loader.slot import NotLoaded, Refusal, Slot
from taipan.logs import Logs, Requests
from taipan.native import allocate_lock, get_ident
from taipan.request_timeout import RequestTimeout
from taipan.stacks import Stack, capture_thread
from taipan.thread_errors import raise_in_thread
from taipan.wsgi.call import Steps, WsgiSettings, begin, respond, respond_failure, run
from taipan.wsgi.environ import Sent, make_environ

Request = tuple[int, Sent, Optional[bytes]]

#: Jumps backwards, at which CPython raises what is pending.
_JUMPS: Final = range(2)


class Observation(Protocol):
    """What stands around a request."""

    #: To be called in place of the application.
    application: Application

    def enter(self) -> None:
        """This thread goes on with the request."""

    def leave(self) -> None:
        """This thread does something else, or nothing."""

    def end(self) -> None:
        """The request is over."""


#: Begins to observe a request.
Observe = Callable[[Slot, Environ, Application], Observation]


class OtherInterpreters(Protocol):
    """The interpreters of this process that serve what this one does not."""

    def stand_ins(self, applications: Sequence[Mapping[str, Any]]) -> dict[int, Slot]:
        """What stands here for the applications that are served elsewhere, by their index."""

    def serve(self, thread: int, application: int, state: bytes) -> bytes | None:
        """Has the socket of a thread served elsewhere, until there is a request for this one.

        Takes and returns what `ThreadSocket.leave` gives; None when the socket has been closed.
        """

    def pass_on(self, thread: int, message: Message) -> bool:
        """Passes a message on to where the socket of a thread is served; False if that is here."""

    def tell(self, message: Message) -> None:
        """Passes a message on to all of them."""


class ServedElsewhere(BaseException):
    """This request is for an application of another interpreter."""

    def __init__(self, request: Request) -> None:
        super().__init__()
        self.request = request


class Dispatcher:
    """Runs requests, each in the thread that received it."""

    def __init__(
        self, slots: list[Slot], logs: Logs, requests: Requests, settings: WsgiSettings
    ) -> None:
        self._slots = slots
        self._logs = logs
        self._of_thread = requests.of_thread
        self._settings = settings
        #: Indexes of the applications that other interpreters serve.
        self.elsewhere: set[int] = set()
        #: Runs requests in its way, as for applications of mod_wsgi.
        self.observe: Observe | None = None
        self._interrupted: set[int] = set()
        self._interrupt_lock = allocate_lock()

    def dispatch(self, request: Request, transport: Transport) -> None:
        """Answers a request. Raises `TransportClosed`, and errors of the transport."""
        index, sent, body = request
        slot = self._slots[index]
        environ = make_environ(sent, slot.base, slot.known)
        ident = get_ident()
        self._of_thread[ident] = environ.get("taipan.request_id")
        try:
            if slot.lock is None:
                self._run(slot, environ, body, transport)
            else:
                with slot.lock:
                    self._run(slot, environ, body, transport)
        except RequestTimeout:
            if ident not in self._interrupted:
                raise
            # The injected exception came too late for the application.
            transport.abort("timed out")
            transport.finish()
        finally:
            self._logs.end_request()
            self._of_thread[ident] = None
            if ident in self._interrupted:
                self._end_interrupt(ident)

    def dispatch_own(self, request: Request, transport: Transport) -> None:
        """As `dispatch`. Raises `ServedElsewhere` for applications of other interpreters."""
        if request[0] in self.elsewhere:
            raise ServedElsewhere(request)
        self.dispatch(request, transport)

    def begin(self, request: Request, transport: Transport) -> Steps | None:
        """Answers a request as far as possible without waiting, in a thread that serves others.

        Returns the rest for `proceed`; None when the request is over. The caller holds the lock of
        the slot until then.
        """
        index, sent, body = request
        slot = self._slots[index]
        environ = make_environ(sent, slot.base, slot.known)
        ident = get_ident()
        self._of_thread[ident] = environ.get("taipan.request_id")
        try:
            application = slot.application
            if application is None:
                application = self._resolve(slot, environ, transport)
                if application is None:
                    return None
            observe = self.observe
            if observe is None or slot.guards:
                return begin(application, environ, body, transport, self._settings)
            seen = observe(slot, environ, application)
            return _begin_observed(
                seen, lambda one: begin(one, environ, body, transport, self._settings)
            )
        finally:
            self._logs.end_request()
            self._of_thread[ident] = None

    def proceed(self, rest: Steps, request: str | None, error: BaseException | None = None) -> bool:
        """Runs the next step of a request, or ends it with an error. False when it is over."""
        ident = get_ident()
        self._of_thread[ident] = request
        try:
            if error is None:
                next(rest)
            else:
                rest.throw(error)
            return True
        except StopIteration:
            return False
        finally:
            self._logs.end_request()
            self._of_thread[ident] = None

    def application_name(self, index: int) -> str:
        """What the application of a request is called."""
        return self._slots[index].name

    def interrupt(self, ident: int, request: str) -> Stack | None:
        """Raises `RequestTimeout` in the thread if it serves the request; returns its stack."""
        with self._interrupt_lock:
            # Set the mark before checking, because the thread checks the mark after its request.
            self._interrupted.add(ident)
            if self._of_thread.get(ident) == request:
                stack = capture_thread(ident)
                raise_in_thread(ident, RequestTimeout)
                return stack
            self._interrupted.discard(ident)
            return None

    def _end_interrupt(self, ident: int) -> None:
        try:
            with self._interrupt_lock:
                self._interrupted.discard(ident)
            # Takes an exception that has not come yet: traced code, as of debuggers, hangs in
            # CPython 3.11 after one has been cleared.
            for _ in _JUMPS:
                pass
        except RequestTimeout:
            self._interrupted.discard(ident)

    def _run(self, slot: Slot, environ: Environ, body: bytes | None, transport: Transport) -> None:
        application = slot.application
        if application is None:
            application = self._resolve(slot, environ, transport)
            if application is None:
                return
        observe = self.observe
        if observe is None or slot.guards:
            run(application, environ, body, transport, self._settings)
            return
        seen = observe(slot, environ, application)
        seen.enter()
        try:
            run(seen.application, environ, body, transport, self._settings)
        finally:
            seen.leave()
            seen.end()

    def _resolve(
        self, slot: Slot, environ: Environ, transport: Transport
    ) -> Callable[..., Any] | None:
        """The application; None if the request has been answered with an error."""
        try:
            given = environ.pop("taipan.callable", None)
            return slot.resolve(environ.get("QUERY_STRING", ""), given=given)
        except Refusal as refusal:
            if refusal.record:
                self._settings.reporter.report("error", refusal.record)
            respond(transport, refusal.status, f"{refusal}\n")
        except TransportClosed:
            raise
        except NotLoaded as known:
            self._respond_unloaded(transport, known.error, environ)
        except BaseException as error:
            if slot.run_once:
                self._settings.reporter.report(
                    "error",
                    f"application {slot.name} could not be loaded: {explain_load_error(error)}",
                    format_load_error(error) or None,
                )
            self._respond_unloaded(transport, error, environ)
        transport.finish()
        return None

    def _respond_unloaded(
        self, transport: Transport, error: BaseException, environ: Environ
    ) -> None:
        failure = Failure(503, "Service Unavailable", error)
        respond_failure(transport, failure, environ, self._settings)


def _begin_observed(
    seen: Observation, start: Callable[[Application], Steps | None]
) -> Steps | None:
    seen.enter()
    rest: Steps | None = None
    try:
        rest = start(seen.application)
    finally:
        seen.leave()
        if rest is None:
            seen.end()
    return None if rest is None else _observe_steps(seen, rest)


def _observe_steps(seen: Observation, rest: Steps) -> Steps:
    """The steps of a response, in a thread that has other requests between them."""
    advance: Callable[[], None] = partial(next, rest)
    try:
        while True:
            seen.enter()
            try:
                advance()
            except StopIteration:
                return
            finally:
                seen.leave()
            advance = partial(next, rest)
            try:
                yield
            except Exception as error:
                advance = partial(rest.throw, error)
    finally:
        rest.close()
        seen.end()
