"""Where this interpreter stands among others, and its requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

#: That of the mod_wsgi whose module this is like.
VERSION = (5, 0, 0)


#: Why a process ends, as mod_wsgi calls it; whatever else is a stop of the server.
_REASONS = {
    "cpu_time": "cpu_time_limit",
    "deadlock": "deadlock_timeout",
    "eviction": "eviction_signal",
    "inactivity": "inactivity_timeout",
    "maximum_requests": "maximum_requests",
    "reload": "script_reload",
    "request_timeout": "request_timeout",
    "restart_interval": "restart_interval",
    "startup": "startup_timeout",
    "terminated": "graceful_signal",
}


class Place:
    """One for each interpreter; set when a worker is configured."""

    def __init__(self) -> None:
        self.process_group = ""
        self.application_group = ""
        self.processes = 1
        self.threads = 1
        #: Why this process ends.
        self.shutdown_reason = "shutdown_signal"
        self._attach: Callable[[], None] = _ignore
        #: Inside Node one worker follows another in the same interpreter.
        self._attached = False

    def configure(self, config: Mapping[str, Any], attach: Callable[[], None]) -> None:
        """Takes what the configuration of a worker says."""
        self.process_group = str(config.get("group", ""))
        self.application_group = str(config.get("own") or "")
        self.processes = int(config.get("processes", 1))
        self.threads = max(1, int(config.get("threads", 1)))
        self._attach = attach
        if self._attached:
            attach()

    def attach(self) -> None:
        """Has requests be observed from now on."""
        self._attached = True
        self._attach()

    def note_end(self, reason: str) -> None:
        """Node has said why this process will end."""
        self.shutdown_reason = _REASONS.get(reason, self.shutdown_reason)


def _ignore() -> None:
    """Nothing serves here."""


PLACE = Place()


def attach() -> None:
    """The application has imported the module: requests are observed from now on."""
    PLACE.attach()
