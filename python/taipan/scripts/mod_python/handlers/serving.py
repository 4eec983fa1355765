"""Walks a request through its phases."""

from __future__ import annotations

import os
import sys
from html import escape
from typing import TYPE_CHECKING, Any, Callable, Union

from taipan.events import ClientDisconnected
from taipan.loader.errors import Explained
from taipan.looks import is_folder
from taipan.scripts.mod_python.constants import (
    DECLINED,
    DONE,
    HTTP_INTERNAL_SERVER_ERROR,
    HTTP_MOVED_PERMANENTLY,
    HTTP_UNAUTHORIZED,
    OK,
)
from taipan.scripts.mod_python.handlers.default_file import send_default_file
from taipan.scripts.mod_python.handlers.directive import HandlerName, read_handler
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.mod_python.handlers.phases import (
    BY_DIRECTIVE,
    CLEANUP,
    EARLY_PHASES,
    HANDLER,
    LOG,
    Phase,
)
from taipan.scripts.mod_python.handlers.route import HandlerRoute
from taipan.scripts.mod_python.server_return import ServerReturn
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.errors import ScriptError
from taipan.sessions.errors import SessionBusy
from taipan.tracebacks import format_exception, summarize

if TYPE_CHECKING:
    from taipan.scripts.mod_python.filters.request_filters import RequestFilters

#: A handler by its name, or itself.
Called = Union[HandlerName, Callable[[Any], Any]]

_ASKING = ("authen", "authz")
#: They have answers of their own.
_PASSED_ON = (ClientDisconnected, SessionBusy, ScriptError)


class Serving:
    """One request, from its first phase to its cleanups."""

    def __init__(self, route: HandlerRoute, importer: Importer, request: ScriptRequest) -> None:
        self._route = route
        self._importer = importer
        self._request = request
        self._added: dict[str, list[Called]] = {}
        self._cleanups: list[tuple[Callable[[Any], Any], Any]] = []
        self._current: list[Called] = []
        #: What handlers get; set before the first one.
        self.req: Any = None
        self.phase = HANDLER
        self.filters: RequestFilters | None = None

    @property
    def route(self) -> HandlerRoute:
        """What is configured."""
        return self._route

    @property
    def handler(self) -> str:
        """The handler that is called, as it is written."""
        return str(self._current[0]) if self._current else ""

    def begin(self, req: Any) -> None:
        """Takes the request as handlers see it."""
        self.req = req
        req.serving = self
        if self._route.has_filters:
            self.require_filters().add_route(self._route)

    def require_filters(self) -> RequestFilters:
        """The filters of the request."""
        if self.filters is None:
            # Few requests have some.
            from taipan.scripts.mod_python.filters.request_filters import RequestFilters

            self.filters = RequestFilters(self._importer, self._request, self.req)
        return self.filters

    def add_handler(self, directive: str, handler: Any, folder: str = "") -> None:
        """Adds a handler to a phase, which is not over.

        Raises `IndexError`, `TargetError` and `TypeError`.
        """
        phase = BY_DIRECTIVE.get(directive)
        if phase is None:
            raise IndexError(f"Invalid phase: {directive}")
        called = read_handler(handler, folder)
        if phase is self.phase:
            self._current.append(called)
        else:
            self._added.setdefault(phase.key, []).append(called)

    def register_cleanup(self, function: Callable[[Any], Any], data: Any = None) -> None:
        """Has it called after the response."""
        self._cleanups.append((function, data))

    def walk(self) -> int:
        """Runs all phases up to that of the handler; gives the status to answer with.

        Raises what has an answer of its own.
        """
        if self._route.has_early:
            for phase in EARLY_PHASES:
                status = self._ask(phase) if phase.key in _ASKING else self._run(phase)
                if status not in (OK, DECLINED):
                    return status
        moved = self._find_folder()
        return self._run(HANDLER) if moved is None else moved

    def answer(self) -> int:
        """Like `walk`, to the end of what filters make of the answer."""
        status = self.walk()
        filters = self.filters
        if filters is None or not filters.has_output:
            return status
        try:
            if status == DECLINED:
                status = send_default_file(self._request, self.req)
            if status in (OK, DONE):
                filters.output.end()
        except ServerReturn as end:
            status = int(end.args[0])
        except Exception as error:
            status = self._fail(error, "PythonOutputFilter")
        failure = filters.output.failure
        if failure is not None and self._request.output.begun:
            raise failure
        filters.output.release()
        return status

    def follows(self) -> bool:
        """Whether something is to be done after the response."""
        if self._cleanups or self._route.has_late:
            return True
        return LOG.key in self._added or CLEANUP.key in self._added

    def follow(self) -> None:
        """Runs the last phases and cleanups, whose errors are only logged."""
        try:
            self._follow()
        finally:
            self.release()

    def release(self) -> None:
        """Lets go of what refers to it, which only the garbage collector would find."""
        if self.filters is not None:
            self.filters.release()
        self.req = None
        self._current = []

    def _follow(self) -> None:
        for phase in (LOG, CLEANUP):
            self._run(phase, only_logs=True)
        while self._cleanups:
            function, data = self._cleanups.pop()
            try:
                function(data)
            except Exception as error:
                self._report(f"cleanup {getattr(function, '__name__', function)!s}", error)

    def _run(self, phase: Phase, *, only_logs: bool = False) -> int:
        """The result of the last handler of a phase that was called."""
        directive = self._route.directives.get(phase.key)
        handlers: list[Called] = []
        if directive is not None and directive.applies(self._request.path):
            handlers += directive.handlers
            if directive.extensions:
                self.req.extension = os.path.splitext(self._request.path)[1]
        if self._added:
            handlers += self._added.pop(phase.key, ())
        self.phase, self._current = phase, handlers
        status = DECLINED
        while handlers:
            try:
                status = self._call(phase, handlers[0])
            except SystemExit:
                status = DONE
            except Exception as error:
                if only_logs:
                    self._report(f"{phase.directive} {handlers[0]}", error)
                else:
                    return self._fail(error, f"{phase.directive} {handlers[0]}")
            if status not in phase.goes_on and phase is not CLEANUP:
                break
            handlers.pop(0)
        return status

    def _call(self, phase: Phase, called: Called) -> int:
        try:
            if isinstance(called, HandlerName):
                called = self._importer.find(called, phase.function, self.req)
            result = called(self.req)
        except ServerReturn as end:
            result, *status = end.args or (None,)
            if status and status[0]:
                self.req.status = status[0]
        if not isinstance(result, int) or isinstance(result, bool):
            kind = type(result).__name__
            raise TypeError(
                f"the handler returned {kind}, or raised SERVER_RETURN with it; it must return an"
                " int such as apache.OK"
            )
        return int(result)

    def _ask(self, phase: Phase) -> int:
        """Runs a phase that says who the client is, or what he may do."""
        authorization = self._route.authorization
        if authorization is None:
            return DECLINED
        status = self._run(phase)
        if phase.key == "authen":
            return self._end_authen(status)
        if status == DECLINED and authorization.require:
            return OK if authorization.admits(self.req.user) else HTTP_UNAUTHORIZED
        return status

    def _end_authen(self, status: int) -> int:
        if status == OK:
            self.req.ap_auth_type = "Basic"
        elif status == DECLINED:
            # A name that the client has sent is nobody's until it is checked.
            self.req.user = self._request.environ.get("REMOTE_USER")
            if self.req.user is None:
                return self._refuse("no authen handler said who the client is: all declined")
        if status == OK and self.req.user is None:
            return self._refuse("the authen handler returned OK, but has not set req.user")
        return status

    def _refuse(self, text: str) -> int:
        self._request.settings.reporter.report(
            "error", f"{self._request.environ['REQUEST_URI']}: {text}; answered with 500"
        )
        return HTTP_INTERNAL_SERVER_ERROR

    def _find_folder(self) -> int | None:
        """Sends clients to the name of a folder with its slash."""
        uri = self.req.uri
        if uri.endswith("/") or self.req.path_info or not is_folder(self._request.path):
            return None
        path, mark, query = self._request.environ["REQUEST_URI"].partition("?")
        self.req.headers_out["Location"] = f"/{path.lstrip('/')}/{mark}{query}"
        return HTTP_MOVED_PERMANENTLY

    def _fail(self, error: Exception, place: str) -> int:
        """The status for an error, which is logged; clients see it where the route says so."""
        request = self._request
        if self.filters is not None and self.filters.output.failure is error:
            place = "PythonOutputFilter"
            self.filters.output.release()
        if isinstance(error, _PASSED_ON) or _is_of_form(error):
            raise error
        if self._route.debug:
            self._report(place, error)
            self.req.status = HTTP_INTERNAL_SERVER_ERROR
            self.req.content_type = "text/html; charset=utf-8"
            text = escape(format_exception(error))
            self.req.write(f'\n<pre>\nMod_python error: "{escape(place)}"\n\n{text}\n</pre>\n')
            return DONE
        if request.settings.dev or request.output.begun:
            # The error is logged, and ends the response.
            raise error
        self._report(place, error)
        return HTTP_INTERNAL_SERVER_ERROR

    def _report(self, place: str, error: Exception) -> None:
        reporter = self._request.settings.reporter
        if isinstance(error, Explained):
            reporter.report("error", f"{place}: {error}")
        else:
            reporter.report("error", f"{place}: {summarize(error)}", format_exception(error))


def _is_of_form(error: Exception) -> bool:
    # There is no such error unless its module is loaded.
    forms = sys.modules.get("taipan.forms.errors")
    return forms is not None and isinstance(error, forms.FormError)
