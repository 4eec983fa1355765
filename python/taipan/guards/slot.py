"""Makes the application of a script that says who may come in."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any

from taipan.guards.application import GuardApplication
from taipan.guards.guard_file import GuardFile
from taipan.loader.code_cache import Stamp
from taipan.loader.explain import explain_load_error
from taipan.loader.finding import Found
from taipan.loader.slot import Slot


def make_guard_slot(config: Mapping[str, Any]) -> Slot:
    """Makes the slot of a script as in `src/core/application.ts`."""
    return Slot(config, lambda: (_GuardSource(config), ""))


class _GuardSource:
    """A script, which requests load when it has changed, also after it could not be loaded."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._file = GuardFile(str(config["file"]))
        self._functions = [str(name) for name in config["functions"]]
        self.place = self._file.path
        self.notice = ""

    def stamp(self) -> Stamp | None:
        """None, because requests look at the file."""
        return None

    def load(self) -> ModuleType | None:
        """Tells what does not work yet; that is an error of requests only."""
        failure = find_fault(self._file, self._functions)
        if failure is not None:
            reason = explain_load_error(failure)
            self.notice = (
                f"requests that {self.place} is asked about are answered with 500: {reason}"
            )
        return None

    def find(self, module: ModuleType | None, expression: str, interface: str) -> Found:
        """What answers for the script."""
        return Found(GuardApplication(self._file), "", "script", "guard")


def find_fault(file: GuardFile, functions: list[str]) -> BaseException | None:
    """Why a script cannot be loaded, or lacks a function; None if it is as it should be."""
    try:
        for name in functions:
            file.find(name)
    except (Exception, SystemExit) as error:
        return error
    return None
