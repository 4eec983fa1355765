"""The application of a folder of scripts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from taipan.events import Environ, Reporter
from taipan.scripts.application_file import ApplicationFiles
from taipan.scripts.current import CURRENT, ScriptRequest
from taipan.scripts.errors import ScriptError
from taipan.scripts.execfile import run_file
from taipan.scripts.output import ScriptOutput, StartResponse
from taipan.scripts.streams import install_streams


class ScriptFolder:
    """Runs the script that a request names; called as a WSGI application."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._bare: set[str] = set()
        self._applications = ApplicationFiles()
        install_streams()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answers a request."""
        path = os.fsdecode(environ["SCRIPT_FILENAME"].encode("latin-1"))
        if environ["taipan.script_kind"] == "wsgi":
            return self._applications.run(path, environ, start_response)
        output = ScriptOutput(start_response, lambda: self._tell_bare(path))
        request = ScriptRequest(environ, output)
        before = CURRENT.set(request)
        try:
            self._run(path, request)
            request.text.pass_on()
            return output.finish()
        finally:
            CURRENT.reset(before)

    def _run(self, path: str, request: ScriptRequest) -> None:
        try:
            run_file(path)
        except SystemExit as end:
            self._tell_exit(path, end.code)
        except ScriptError as error:
            if request.output.begun:
                raise
            request.drop()
            error(None, str(request.environ.get("REQUEST_URI", "")))

    def _tell_exit(self, path: str, code: Any) -> None:
        if isinstance(code, str):
            self._reporter.report("info", f"{path} ended with: {code}")

    def _tell_bare(self, path: str) -> None:
        if path in self._bare or len(self._bare) >= 1000:
            return
        self._bare.add(path)
        self._reporter.report(
            "info",
            f"{path} prints no header lines, so its output is sent as text/html; print"
            ' "Content-Type: text/html" and an empty line first to say what it is',
        )
