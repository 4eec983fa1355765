"""Gives requests to handlers of mod_python."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import partial
from typing import Any

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.mod_python.apache import DECLINED, DONE, HTTP_OK, HTTP_UNAUTHORIZED, OK
from taipan.scripts.mod_python.handlers.importer import Importer
from taipan.scripts.mod_python.handlers.route import HandlerRoute
from taipan.scripts.mod_python.handlers.serving import Serving
from taipan.scripts.mod_python.handlers.status_answer import answer_status
from taipan.scripts.mod_python.pages import PageRun
from taipan.scripts.modules.folder_modules import GivesModules
from taipan.scripts.modules.given_finder import install_given_finder
from taipan.scripts.process.streams import process_output
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.passing import pass_to_files
from taipan.scripts.request.settings import ScriptSettings


class ModPythonServer:
    """Calls the handlers of a route for every request below its folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        assert settings.legacy is not None
        _prepare_imports(settings.legacy)
        self._route = HandlerRoute(settings.legacy)
        self._importer = Importer(folder.folders)
        self._folder = folder

    @staticmethod
    def check(config: Mapping[str, Any], folders: GivesModules) -> list[str]:
        """The files of the handlers of a route. Raises `TargetError` for one that is not there."""
        _prepare_imports(config)
        return HandlerRoute(config).check(Importer(folders))

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What answers a request."""
        return partial(self._run, request)

    def _run(self, request: ScriptRequest) -> None:
        request.leave_prints(process_output())
        serving = Serving(self._route, self._importer, request)
        run = PageRun(request, self._folder)
        try:
            serving.begin(run.req)
            self._end(serving.answer(), request, run.req)
        finally:
            if serving.follows():
                request.after = serving.follow
            else:
                serving.release()
            run.release()

    def _end(self, status: int, request: ScriptRequest, req: Any) -> None:
        if status == DECLINED:
            pass_to_files(request, req.make_file_fields())
        elif status not in (OK, DONE, HTTP_OK):
            authorization = self._route.authorization
            if status == HTTP_UNAUTHORIZED and authorization is not None:
                if "WWW-Authenticate" not in req.err_headers_out:
                    req.err_headers_out["WWW-Authenticate"] = authorization.challenge
            answer_status(status, request, req)


def _prepare_imports(config: Mapping[str, Any]) -> None:
    """Lets installed modules, too, import `mod_python` and what is in the folders of the route."""
    # Apache's cannot work elsewhere, without what its module has built in.
    install_given_finder("mod_python", "_apache")
    # Behind all others, so that they hide nothing from other routes.
    sys.path += [folder for folder in config["path"] if folder not in sys.path]
