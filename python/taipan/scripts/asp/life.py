"""The life of an application: it starts with its first page, and ends with its last process."""

from __future__ import annotations

import atexit
import os
import platform
from collections.abc import Mapping
from typing import Any, Callable
from uuid import uuid4

from taipan.scripts.asp.application import Application, ApplicationValues
from taipan.scripts.asp.contents import HIDDEN
from taipan.scripts.asp.events import Events
from taipan.scripts.asp.server import Server
from taipan.scripts.request.settings import ScriptSettings
from taipan.sessions.application import application

#: Version of `global.asa` that the application has started with, and its processes.
_LIFE = f"{HIDDEN}life"
#: Node, process and a name of its own.
Process = list[Any]


class ApplicationLife:
    """Starts and ends the application of a route, for one process."""

    def __init__(
        self,
        settings: ScriptSettings,
        values: ApplicationValues,
        load: Callable[[], Events | None],
        make_server: Callable[[], Server],
    ) -> None:
        self._settings = settings
        self._values = values
        self._load = load
        self._make_server = make_server
        #: Version that this process is a part of.
        self._joined = ""
        # The process of a request ends with it, its template does not.
        process = os.getppid() if settings.fresh else os.getpid()
        self._self: Process = [platform.node(), process, "" if settings.fresh else uuid4().hex]

    def begin(self, events: Events) -> None:
        """Starts the application, unless a process has done so. Raises what its event raises."""
        digest = events.page.digest
        if self._joined == digest:
            return
        if self._settings.fresh:
            self._self[1] = os.getppid()
        life = self._read()
        # New processes find their template there, and need no lock.
        if life["digest"] != digest or self._self not in life["processes"]:
            self._join(events)
        if not self._joined and not self._settings.fresh:
            atexit.register(self._leave)
        self._joined = digest

    def _read(self) -> Mapping[str, Any]:
        return self._values.get(_LIFE) or {"digest": "", "processes": []}

    def _join(self, events: Events) -> None:
        with application.lock():
            life = self._read()
            others = self._find_others(life)
            known = self._self in life["processes"]
            if life["digest"] != events.page.digest or not (others or known):
                events.call("Application_OnStart", self._objects())
            processes = [*others, self._self]
            self._values[_LIFE] = {"digest": events.page.digest, "processes": processes}

    def _leave(self) -> None:
        try:
            with application.lock():
                life = self._read()
                others = self._find_others(life)
                if others:
                    self._values[_LIFE] = {**life, "processes": others}
                    return
                self._values.pop(_LIFE, None)
                events = self._load()
                if events is not None:
                    events.call("Application_OnEnd", self._objects())
        except Exception as error:
            text = f"Application_OnEnd of {self._settings.root} failed: {error!r}"
            self._settings.reporter.report("error", text)

    def _find_others(self, life: Mapping[str, Any]) -> list[Process]:
        return [one for one in life["processes"] if one != self._self and _lives(one)]

    def _objects(self) -> dict[str, Any]:
        return {"Application": Application(self._values), "Server": self._make_server()}


def _lives(process: Process) -> bool:
    """Whether a process is there; those of other machines are taken to be."""
    node, number, _ = process
    if node != platform.node():
        return True
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
