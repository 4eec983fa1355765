"""Sites of PyISAPIe, answered in this process through WSGI."""

from __future__ import annotations

import contextlib
import os
from types import SimpleNamespace
from typing import Any

from support.connections import Answer, Recorder
from taipan.events import Settings
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.process.environment import install_environment
from taipan.scripts.pyisapie.server import PyisapieServer
from taipan.scripts.request.current import PRINT, ScriptRequest
from taipan.scripts.request.output import ScriptOutput
from taipan.scripts.request.settings import ScriptSettings
from taipan.wsgi.call import base_environ, run


class IsapiSite:
    """A folder that answers as a route with `pyisapie`."""

    def __init__(self, root: Any, module: str = "Isapi", **more: Any) -> None:
        self.root = str(root)
        self.recorder = Recorder()
        self._legacy = {"kind": "pyisapie", "module": module, **more}
        self.mount = "/isapi"
        self._server: PyisapieServer | None = None

    @property
    def server(self) -> PyisapieServer:
        """What answers, with the files that are there when it is first asked for."""
        if self._server is None:
            install_environment()
            folder: Any = SimpleNamespace(folders=ModuleFolders(self.root))
            self._server = PyisapieServer(self.settings, folder)
        return self._server

    @property
    def settings(self) -> ScriptSettings:
        """As a route has them."""
        reporter: Any = self
        return ScriptSettings(
            self.root,
            reporter,
            "taipan/test",
            alone=False,
            exclusive=False,
            mount=self.mount,
            directory=self.root,
            legacy=self._legacy,
        )

    def share(self) -> IsapiSite:
        """Another client of the same server."""
        other = IsapiSite(self.root)
        other._server = self.server
        return other

    def write(self, name: str, text: str) -> None:
        """Writes a file, with a time of its own."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)

    def serve(self, *lines: str) -> None:
        """Writes a module whose `Request()` consists of these lines."""
        body = "\n".join(f"    {line}" for line in lines)
        self.write("Isapi.py", f"from Http import *\ndef Request():\n{body}\n")

    def get(self, target: str = "/isapi/x", body: bytes = b"", **environ: Any) -> Answer:
        """The answer to a request; the path is divided as the server does it."""
        path, _, query = target.partition("?")
        rest = path[len(self.mount) :]
        names = rest.strip("/").split("/")
        count = 0
        while count < len(names) - 1 and os.path.isdir(
            os.path.join(self.root, *names[: count + 1])
        ):
            count += 1
        file = "/".join(names[: count + 1])
        info = "".join(f"/{name}" for name in names[count + 1 :])
        self.recorder = Recorder()
        recorder: Any = self.recorder
        whole: dict[str, Any] = {
            "REQUEST_METHOD": "POST" if body else "GET",
            "SCRIPT_NAME": f"{self.mount}/{file}",
            "PATH_INFO": info,
            "QUERY_STRING": query,
            "REQUEST_URI": target,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "8000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "192.0.2.7",
            "REMOTE_PORT": "4321",
            "HTTP_HOST": "site.example:8000",
            "DOCUMENT_ROOT": self.root,
            "SCRIPT_FILENAME": f"{self.root}/{file}",
            "taipan.script_kind": "pyisapie",
            "taipan.script_version": "",
            "taipan.software": "taipan/test",
            "wsgi.url_scheme": "http",
            **base_environ(None, multithread=True, multiprocess=False, run_once=False),
            **environ,
        }
        if body:
            whole["CONTENT_LENGTH"] = str(len(body))
        run(self._answer, whole, body, recorder, Settings(recorder, None))
        return self.recorder.answer

    def text(self, target: str = "/isapi/x", **more: Any) -> str:
        """The body of the answer."""
        return self.get(target, **more).body.decode()

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        """As `ScriptFolder`, without its changes to the process."""
        output = ScriptOutput(start_response)
        path = str(environ["SCRIPT_FILENAME"])
        request = ScriptRequest(path, environ, output, self.settings)
        before = PRINT.set(request.write_printed)
        try:
            with contextlib.suppress(SystemExit):
                self.server.load(request, "")()
            return request.finish()
        finally:
            request.release()
            PRINT.reset(before)

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        self.recorder.report(level, text)
