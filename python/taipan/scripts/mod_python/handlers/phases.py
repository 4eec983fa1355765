"""The phases of a request under mod_python."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from taipan.scripts.mod_python.constants import DECLINED, OK


class Phase(NamedTuple):
    """A phase, in which handlers are called one after the other."""

    #: As in `src/core/legacy-server.ts`.
    key: str
    #: Without `Python` and in lower case it is the usual name of its functions.
    directive: str
    #: Results after which the next handler is called.
    goes_on: Collection[int]

    @property
    def function(self) -> str:
        """Usual name of its functions."""
        return self.directive[len("Python") :].lower()


_ALL = (OK, DECLINED)
_ONE = (DECLINED,)

#: Before the answer, in their order.
EARLY_PHASES = (
    Phase("postReadRequest", "PythonPostReadRequestHandler", _ALL),
    # Another name of the first phase that is possible, which is the next one for a folder.
    Phase("init", "PythonInitHandler", _ALL),
    Phase("headerParser", "PythonHeaderParserHandler", _ALL),
    Phase("access", "PythonAccessHandler", _ALL),
    Phase("authen", "PythonAuthenHandler", _ONE),
    Phase("authz", "PythonAuthzHandler", _ONE),
    Phase("type", "PythonTypeHandler", _ONE),
    Phase("fixup", "PythonFixupHandler", _ALL),
)
HANDLER = Phase("handler", "PythonHandler", (OK,))
LOG = Phase("log", "PythonLogHandler", _ALL)
CLEANUP = Phase("cleanup", "PythonCleanupHandler", _ALL)

PHASES = (*EARLY_PHASES, HANDLER, LOG, CLEANUP)
BY_DIRECTIVE = {phase.directive: phase for phase in PHASES}
