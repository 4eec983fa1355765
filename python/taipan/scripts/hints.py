"""What is logged about scripts that work, but perhaps not as their authors think."""

from __future__ import annotations

import os

from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.template_facts import publish, subscribe

_LIMIT = 1000


class Hints:
    """Each is logged once, at most a thousand for a folder."""

    def __init__(self, settings: ScriptSettings) -> None:
        self._reporter = settings.reporter
        self._told: set[str] = set()
        self._topic = f"told of {settings.mount}"
        subscribe(self._topic, self._told.add)

    def tell_directory(self) -> None:
        """Scripts have no working directory of their own."""
        if "directory" in self._told:
            # Asking for it costs a system call.
            return
        self._tell(
            "directory",
            "scripts run in threads, which share one working directory on this system: it"
            f" stays {os.getcwd()}; with --threads 1 it is the folder of each script",
        )

    def tell_output(self, path: str, output: ScriptOutput) -> None:
        """The output is no response as it is, or no part of one."""
        if output.bare:
            self._tell_bare(path)
        if output.dropped:
            self._tell_dropped(path)

    def _tell_bare(self, path: str) -> None:
        self._tell(
            path,
            f"{path} prints no header lines, so its output is sent as text/html; print"
            ' "Content-Type: text/html" and an empty line first to say what it is',
        )

    def _tell_dropped(self, path: str) -> None:
        self._tell(
            f"dropped {path}",
            f"{path} answers by its connection and prints, too; what it prints is dropped",
        )

    def _tell(self, what: str, text: str) -> None:
        if what not in self._told and len(self._told) < _LIMIT:
            self._told.add(what)
            publish(self._topic, what)
            self._reporter.report("info", text)
