"""Raises exceptions in other threads."""

from __future__ import annotations

import sys
from typing import Any, Final

from taipan.native import get_ident

#: Free for applications: 0 to 2 and 5 are those of debuggers, coverage, profilers, optimizers.
_TOOL: Final = 4

_pending: dict[int, type[BaseException]] = {}


def raise_in_thread(ident: int, error: type[BaseException]) -> None:
    """Raises an exception in a thread of this interpreter as soon as it runs Python code."""
    try:
        import ctypes
    except ImportError:
        # A sub-interpreter of CPython 3.12.
        _raise_at_instruction(ident, error)
        return
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(error))


def _raise_at_instruction(ident: int, error: type[BaseException]) -> None:
    monitoring: Any = vars(sys)["monitoring"]
    if monitoring.get_tool(_TOOL) is None:
        monitoring.use_tool_id(_TOOL, "taipan")
        monitoring.register_callback(_TOOL, monitoring.events.INSTRUCTION, _raise_pending)
    _pending[ident] = error
    monitoring.set_events(_TOOL, monitoring.events.INSTRUCTION)


def _raise_pending(*_: object) -> None:
    error = _pending.pop(get_ident(), None)
    if not _pending:
        monitoring: Any = vars(sys)["monitoring"]
        monitoring.set_events(_TOOL, 0)
    if error is not None:
        raise error
