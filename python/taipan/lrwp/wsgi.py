"""Answers the requests of an agent by a WSGI application."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from typing import Any

from taipan.events import Application, Environ, Reporter
from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import TargetError
from taipan.loader.slot import Slot, make_slot
from taipan.lrwp.exchange import Exchange
from taipan.lrwp.output import CountedOutput
from taipan.lrwp.request import MEMORY_LIMIT, PeerRequest, Variables
from taipan.wsgi import WsgiSettings, base_environ, run

#: What an application may count on, although an agent may leave it out (PEP 3333).
_DEFAULTS = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": "",
    "QUERY_STRING": "",
    "SERVER_NAME": "localhost",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.0",
}


class WsgiAnswerer:
    """Calls the application for requests, which may be in several threads."""

    def __init__(self, slot: Slot, application: Application, reporter: Reporter) -> None:
        self._application = application
        self._base = slot.base
        self._settings = WsgiSettings(reporter, None)
        self._lock: Any = slot.lock or nullcontext()
        #: What was found, and what should be known of it, for people.
        self.description = slot.description
        self.notes = [note for note in (slot.notice, *slot.notes) if note]

    def answer(self, request: PeerRequest, output: CountedOutput) -> None:
        """Writes the response. Raises nothing of the application."""
        environ = make_environ(request, self._base)
        body = request.body.read() if request.length <= MEMORY_LIMIT else None
        with self._lock:
            run(self._application, environ, body, Exchange(request, output), self._settings)


def load_answerer(
    target: str, directory: str, reporter: Reporter, *, multithread: bool
) -> WsgiAnswerer:
    """Loads the application. Raises `TargetError`, and what loading raises."""
    config = {"name": target, "kind": "target", "target": target, "directory": directory}
    slot = make_slot(config, CodeCache())
    # Any number of processes may register by the same name.
    slot.base = base_environ(sys.stderr, multithread=multithread, multiprocess=True, run_once=False)
    found = slot.load()
    if found.interface != "wsgi":
        raise TargetError(
            f"{found.expression} of {slot.place} is an {found.interface.upper()} application;"
            " LRWP carries WSGI alone, and `taipan serve` serves the others"
        )
    return WsgiAnswerer(slot, found.application, reporter)


def make_environ(request: PeerRequest, base: Environ) -> Environ:
    """The environ of a request."""
    environ: Environ = {**_DEFAULTS, **_decode(request.variables)}
    if request.length:
        environ["CONTENT_LENGTH"] = str(request.length)
    secure = environ.get("HTTPS", "").lower() in ("on", "1")
    environ["wsgi.url_scheme"] = "https" if secure else environ.get("REQUEST_SCHEME", "http")
    environ.update(base)
    return environ


def _decode(variables: Variables) -> dict[str, str]:
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in variables.items()}
