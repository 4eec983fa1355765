"""The phases of a request under mod_python."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from taipan.scripts.mod_python.constants import DECLINED, OK


class Phase(NamedTuple):
    """A phase, in which handlers are called one after the other."""

    #: As in `src/core/legacy-server.ts`.
    key: str
    directive: str
    #: Results after which the next handler is called.
    goes_on: Collection[int]
    #: Usual name of its functions.
    function: str


def _make(key: str, directive: str, goes_on: Collection[int]) -> Phase:
    return Phase(key, directive, goes_on, directive[len("Python") :].lower())


_ALL = (OK, DECLINED)
_ONE = (DECLINED,)

#: Before the answer, in their order.
EARLY_PHASES = (
    _make("postReadRequest", "PythonPostReadRequestHandler", _ALL),
    # Another name of the first phase that is possible, which is the next one for a folder.
    _make("init", "PythonInitHandler", _ALL),
    _make("headerParser", "PythonHeaderParserHandler", _ALL),
    _make("access", "PythonAccessHandler", _ALL),
    _make("authen", "PythonAuthenHandler", _ONE),
    _make("authz", "PythonAuthzHandler", _ONE),
    _make("type", "PythonTypeHandler", _ONE),
    _make("fixup", "PythonFixupHandler", _ALL),
)
HANDLER = _make("handler", "PythonHandler", (OK,))
LOG = _make("log", "PythonLogHandler", _ALL)
CLEANUP = _make("cleanup", "PythonCleanupHandler", _ALL)

PHASES = (*EARLY_PHASES, HANDLER, LOG, CLEANUP)
BY_DIRECTIVE = {phase.directive: phase for phase in PHASES}
