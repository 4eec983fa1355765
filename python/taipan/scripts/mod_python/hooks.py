"""What handlers add to the request that they serve."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, NamedTuple

from taipan.events import Reporter
from taipan.scripts.mod_python.variables import RequestVariables
from taipan.scripts.request.current import ScriptRequest

#: Phases by the names of their directives.
PHASES = (
    "PythonPostReadRequestHandler",
    "PythonTransHandler",
    "PythonHeaderParserHandler",
    "PythonInitHandler",
    "PythonAccessHandler",
    "PythonAuthenHandler",
    "PythonAuthzHandler",
    "PythonTypeHandler",
    "PythonFixupHandler",
    "PythonHandler",
    "PythonLogHandler",
    "PythonCleanupHandler",
)


class AddedHandler(NamedTuple):
    """A handler that another one has added."""

    #: As `PythonLogHandler`.
    phase: str
    #: As a directive names it, or something to be called.
    handler: str | Callable[..., Any]
    #: Its modules are looked for there first.
    folder: str | None


class RequestHooks(RequestVariables):
    """The members of a request by which handlers add others."""

    def __init__(self, request: ScriptRequest) -> None:
        super().__init__(request)
        #: In their order.
        self.added_handlers: list[AddedHandler] = []
        #: Names of filters that were added, in their order.
        self.input_filters: list[str] = []
        self.output_filters: list[str] = []
        #: Handlers of filters that were registered for this request, by their names.
        self.registered_input: dict[str, AddedHandler] = {}
        self.registered_output: dict[str, AddedHandler] = {}

    def add_handler(self, htype: str, handler: Any, dir: str | None = None) -> None:
        """Adds a handler of a phase that has not ended. Raises `IndexError` for an unknown one."""
        if htype not in PHASES:
            raise IndexError(f"Invalid phase: {htype}")
        self.added_handlers.append(AddedHandler(htype, handler, dir))

    def add_input_filter(self, filter_name: str) -> None:
        """Lets the body of the request come through a filter that is registered."""
        self.input_filters.append(filter_name)

    def add_output_filter(self, filter_name: str) -> None:
        """Lets the response leave through a filter that is registered."""
        self.output_filters.append(filter_name)

    def register_input_filter(self, filter_name: str, handler: Any, dir: str | None = None) -> None:
        """Gives a name to a filter for the body of this request."""
        self.registered_input[filter_name] = AddedHandler("InputFilter", handler, dir)

    def register_output_filter(
        self, filter_name: str, handler: Any, dir: str | None = None
    ) -> None:
        """Gives a name to a filter for the response to this request."""
        self.registered_output[filter_name] = AddedHandler("OutputFilter", handler, dir)

    def register_cleanup(self, callable: Callable[[Any], Any], data: Any = None) -> None:
        """Calls `callable(data)` when the request is over, the last one first."""
        check_callable(callable)
        reporter = self._request.settings.reporter
        self._request.releases.append(partial(run_cleanup, callable, data, reporter))


def check_callable(callable: Any) -> None:
    """Raises `ValueError` for what is none."""
    if not hasattr(callable, "__call__"):  # noqa: B004
        raise ValueError("first argument must be a callable object")


def run_cleanup(callable: Callable[[Any], Any], data: Any, reporter: Reporter) -> None:
    """Calls it, and logs what it raises."""
    try:
        callable(data)
    except Exception as error:
        reporter.report("error", f"a cleanup has failed: {type(error).__name__}: {error}")
