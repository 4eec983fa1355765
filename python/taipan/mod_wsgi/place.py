"""Where this interpreter stands among others, and its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

#: That of the mod_wsgi whose module this is like.
VERSION = (5, 0, 0)


class Place:
    """One for each interpreter; set when a worker is configured."""

    def __init__(self) -> None:
        self.process_group = ""
        self.application_group = ""
        self.processes = 1
        self.threads = 1
        #: Has requests be observed from now on.
        self.attach: Callable[[], None] = _ignore

    def configure(self, config: Mapping[str, Any], attach: Callable[[], None]) -> None:
        """Takes what the configuration of a worker says."""
        self.process_group = str(config.get("group", ""))
        self.application_group = str(config.get("own") or "")
        self.processes = int(config.get("processes", 1))
        self.threads = max(1, int(config.get("threads", 1)))
        self.attach = attach


def _ignore() -> None:
    """Nothing serves here."""


PLACE = Place()


def attach() -> None:
    """The application has imported the module: requests are observed from now on."""
    PLACE.attach()
