"""The filters of one request: those of the route, and those that its handlers add."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Union

from taipan.scripts.mod_python.filters.filter import Filter
from taipan.scripts.mod_python.filters.filtered_input import FilteredInput
from taipan.scripts.mod_python.filters.output_chain import OutputChain
from taipan.scripts.mod_python.handlers.directive import HandlerName, read_handler
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.mod_python.handlers.route import INPUT_FILTER, OUTPUT_FILTER, HandlerRoute
from taipan.scripts.request.current import ScriptRequest

Named = Union[HandlerName, Callable[[Filter], object]]


class RequestFilters:
    """Made for requests that have filters."""

    def __init__(self, importer: Importer, request: ScriptRequest, req: Any) -> None:
        self._importer = importer
        self._request = request
        self._req = req
        self._registered: dict[tuple[str, bool], Named] = {}
        self.output = OutputChain(request)
        #: Some filter changes the response.
        self.has_output = False

    def add_route(self, route: HandlerRoute) -> None:
        """Adds those that are configured."""
        for name in route.input_filters:
            self._add(str(name), name, is_input=True)
        for name in route.output_filters:
            self._add(str(name), name, is_input=False)

    def register(self, name: str, handler: Any, folder: str, *, is_input: bool) -> None:
        """Gives a name to a filter. Raises `TargetError` and `TypeError`."""
        self._registered[name.lower(), is_input] = read_handler(handler, folder)

    def add(self, name: str, *, is_input: bool) -> None:
        """Adds one that is registered; others are logged."""
        called = self._registered.get((name.lower(), is_input))
        if called is None:
            text = f"no filter {name} is registered, so none is added"
            self._request.settings.reporter.report("warning", text)
            return
        self._add(name, called, is_input=is_input)

    def release(self) -> None:
        """Lets go of what refers to the request."""
        self.output.release()
        self._req = None

    def _add(self, name: str, called: Named, *, is_input: bool) -> None:
        filter = Filter(name, self._req, is_input=is_input)
        if isinstance(called, HandlerName):
            filter.handler = str(called)
            filter.function = partial(self._find_and_call, called)
        else:
            filter.function = called
        if is_input:
            self._req.body = FilteredInput(self._req.body, filter)
            self._request.environ["wsgi.input"] = self._req.body
        else:
            self.output.add_filter(filter)
            self.has_output = True

    def _find_and_call(self, name: HandlerName, filter: Filter) -> None:
        usual = INPUT_FILTER if filter.is_input else OUTPUT_FILTER
        filter.function = self._importer.find(name, usual, filter)
        filter.function(filter)
