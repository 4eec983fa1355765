"""Makes the application of a folder of scripts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from taipan.events import Reporter
from taipan.loader.apart import try_apart
from taipan.loader.code_cache import Stamp
from taipan.loader.errors import TargetError
from taipan.loader.finding import Found
from taipan.loader.slot import Slot
from taipan.psp.page import PageOptions
from taipan.scripts.checks import require_folder
from taipan.scripts.folder import ScriptFolder
from taipan.scripts.request.settings import ScriptSettings
from taipan.sessions.process import configure_sessions, find_missing


def make_script_slot(
    config: Mapping[str, Any], group: Mapping[str, Any], reporter: Reporter
) -> Slot:
    """Makes the slot of a folder as in `src/core/application.ts`, in a worker of `group`."""
    settings = ScriptSettings(
        root=str(config["root"]),
        reporter=reporter,
        software=str(group["serverSoftware"]),
        # Sub-interpreters run one request at a time each, and share the process.
        alone=not group["multithread"] and group.get("isolation") != "interpreter",
        # Without threads it is Node's, which is not ours alone.
        exclusive=group["threads"] > 0
        and all(other["kind"] == "scripts" for other in group["applications"]),
        inline=group["threads"] == 0,
        fresh=group.get("isolation") == "fresh",
        mount=str(config["mount"]),
        started=time.time(),
        config=config["config"],
        pools=config["pools"],
        attach_stdio=bool(config["attachStdio"]),
        setup_cgi_env=bool(config["setupCgiEnv"]),
        use_caching_exec=bool(config["useCachingExec"]),
        install_caching_exec=bool(config["installCachingExec"]),
        pages=PageOptions(config["pspDialect"], autoescape=bool(config["autoescape"])),
        style=str(config["style"]),
        legacy=config.get("legacy"),
        dev=bool(group.get("dev")),
        directory=str(config["directory"]),
        kinds=config["kinds"],
        handlers=tuple(config["handlers"]),
    )
    configure_sessions(group.get("sessions"))
    return Slot(config, lambda: (_FolderSource(settings), ""))


class _FolderSource:
    """A folder; its scripts are loaded by the requests for them."""

    notice = ""

    def __init__(self, settings: ScriptSettings) -> None:
        self.place = settings.root
        self._settings = settings

    def stamp(self) -> Stamp | None:
        """None, because each script has its own version."""
        return None

    def load(self) -> ModuleType | None:
        """Only looks whether the folder is there."""
        require_folder(self.place)
        missing = find_missing()
        if missing:
            raise TargetError(missing)
        return None

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """What runs the scripts. Raises what loading a handler raises."""
        folder = ScriptFolder(self._settings)
        if not self._settings.fresh:
            folder.load_handlers()
        elif self._settings.handlers or self._settings.legacy:
            try_apart(folder.load_handlers)
        legacy = self._settings.legacy
        return Found(folder, "", "script", str(legacy["kind"]) if legacy else "scripts")
