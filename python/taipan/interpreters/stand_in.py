"""What the main interpreter knows of an application in a sub-interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable, NoReturn

from taipan.loader.errors import Explained
from taipan.loader.finding import Found
from taipan.loader.slot import Slot


class FailedInside(Explained):
    """The application cannot be served, as the sub-interpreter has explained."""


class StandIn(Slot):
    """Has the application loaded there, by `load_inside`, which returns what Node is told of it."""

    def __init__(
        self, config: Mapping[str, Any], load_inside: Callable[[], Mapping[str, Any]]
    ) -> None:
        super().__init__(config, _refuse)
        # So that this interpreter makes no event loop for it.
        self.interface = "wsgi"
        self._load_inside = load_inside
        self._told: dict[str, object] = {}

    def load(self) -> Found:
        """Has it loaded."""
        told = self._load_inside()
        self._told = dict(told["facts"])
        if self._told["failure"]:
            error = FailedInside(str(self._told["failure"]), str(self._told["traceback"]))
            self.fail(error)
            raise error
        return Found(_refuse, "", description=str(self._told["found"]))

    def describe(self) -> dict[str, object]:
        """What the sub-interpreter says of it."""
        return self._told or super().describe()


def _refuse(*_: object) -> NoReturn:
    raise RuntimeError("this application runs in a sub-interpreter")
