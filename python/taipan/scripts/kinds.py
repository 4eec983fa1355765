"""How what is in a folder is run: a class for each kind, imported when it is asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Protocol

from taipan.scripts.folder_access import FolderAccess
from taipan.scripts.modules.module_folders import ModuleFolders
from taipan.scripts.pages import Pages
from taipan.scripts.request.current import Run, ScriptRequest
from taipan.scripts.request.settings import ScriptSettings
from taipan.scripts.script_files import ScriptFiles
from taipan.template_facts import publish, subscribe

#: Module and class of kinds that few folders have. The names are those of
#: `src/pipeline/scripts/script-kinds.ts` and `src/core/legacy-server.ts`.
RARE_KINDS = {
    "cheetah": "taipan.scripts.cheetah.pages:CheetahPages",
    "servlet": "taipan.scripts.webware.servlet_kind:ServletKind",
    "mod_python": "taipan.scripts.mod_python.server:ModPythonServer",
    "asp": "taipan.scripts.asp.pages:AspPages",
    "pyisapie": "taipan.scripts.pyisapie.server:PyisapieServer",
}


class Kind(Protocol):
    """Runs files of one kind; made with the settings and the access to the folder."""

    def load(self, request: ScriptRequest, version: str | None) -> Run:
        """What answers a request. Raises `OSError` if the file of the request cannot be read.

        `version` identifies the content of the file; None or empty: look.
        """


def check_legacy(config: Mapping[str, Any], folders: ModuleFolders) -> list[str]:
    """Loads the handlers of a server of old; gives their files. Raises what loading raises.

    `config` has the folder of the configuration as `directory`, too.
    """
    check = getattr(_find_class(str(config["kind"])), "check", None)
    return [] if check is None else check(config, folders)


def _find_class(kind: str) -> Any:
    module, _, name = RARE_KINDS[kind].partition(":")
    return getattr(importlib.import_module(module), name)


class Kinds:
    """All kinds of one folder."""

    def __init__(self, settings: ScriptSettings, folder: FolderAccess) -> None:
        self._settings = settings
        self._folder = folder
        self.scripts = ScriptFiles(settings, folder)
        self.pages = Pages(settings, folder)
        self._made: dict[str, Kind] = {"script": self.scripts, "psp": self.pages}
        #: Processes with one request tell their template what to import.
        self._topic = f"kinds of {settings.mount}"
        subscribe(self._topic, self.find)

    def find(self, kind: str) -> Kind:
        """What runs files of a kind."""
        found = self._made.get(kind)
        return self._make(kind) if found is None else found

    def _make(self, kind: str) -> Kind:
        made: Kind = _find_class(kind)(self._settings, self._folder)
        publish(self._topic, kind)
        return self._made.setdefault(kind, made)
