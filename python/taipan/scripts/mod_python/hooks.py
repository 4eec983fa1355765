"""What handlers add to the request that they serve."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Callable

from taipan.scripts.mod_python.exits import check_callable
from taipan.scripts.mod_python.variables import RequestVariables

if TYPE_CHECKING:
    from taipan.scripts.mod_python.handlers.authorization import Authorization
    from taipan.scripts.mod_python.handlers.serving import Serving


class RequestHooks(RequestVariables):
    """The members of a request that are about its handlers."""

    #: Set before the first handler is called; pages of their own have none.
    serving: Serving | None = None

    @property
    def phase(self) -> str:
        """The directive of the phase that runs."""
        return "PythonHandler" if self.serving is None else self.serving.phase.directive

    @property
    def hlist(self) -> SimpleNamespace:
        """The handler that is called."""
        return SimpleNamespace(handler="" if self.serving is None else self.serving.handler)

    def add_handler(self, htype: str, handler: Any, dir: str | None = None) -> None:
        """Adds a handler of a phase that has not ended. Raises `IndexError` for an unknown one."""
        self._require_serving().add_handler(htype, handler, dir or "")

    def register_cleanup(self, callable: Callable[[Any], Any], data: Any = None) -> None:
        """Calls `callable(data)` when the client has the response, the last one first."""
        check_callable(callable)
        if self.serving is not None:
            self.serving.register_cleanup(callable, data)
        else:
            self._request.releases.append(lambda: self._clean(callable, data))

    def _clean(self, callable: Callable[[Any], Any], data: Any) -> None:
        try:
            callable(data)
        except Exception as error:
            self.log_error(f"a cleanup has failed: {type(error).__name__}: {error}")

    def add_input_filter(self, filter_name: str) -> None:
        """Lets the body of the request come through a filter that is registered."""
        self._require_serving().require_filters().add(filter_name, is_input=True)

    def add_output_filter(self, filter_name: str) -> None:
        """Lets what is written from now on leave through a filter that is registered."""
        self._require_serving().require_filters().add(filter_name, is_input=False)

    def register_input_filter(self, filter_name: str, handler: Any, dir: str | None = None) -> None:
        """Gives a name to a filter for the body of this request."""
        filters = self._require_serving().require_filters()
        filters.register(filter_name, handler, dir or "", is_input=True)

    def register_output_filter(
        self, filter_name: str, handler: Any, dir: str | None = None
    ) -> None:
        """Gives a name to a filter for the response to this request."""
        filters = self._require_serving().require_filters()
        filters.register(filter_name, handler, dir or "", is_input=False)

    def auth_name(self) -> str | None:
        """The realm that is configured."""
        auth = self._authorization()
        return None if auth is None else auth.realm

    def auth_type(self) -> str | None:
        """`Basic` if users are asked for, else None."""
        return None if self._authorization() is None else "Basic"

    def requires(self) -> tuple[str, ...]:
        """What is required of users."""
        auth = self._authorization()
        return () if auth is None else auth.require

    def _authorization(self) -> Authorization | None:
        return None if self.serving is None else self.serving.route.authorization

    def _require_serving(self) -> Serving:
        if self.serving is None:
            raise RuntimeError("only handlers of a modPython route have phases; this is a page")
        return self.serving
