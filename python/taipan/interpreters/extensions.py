"""Extension modules that are not made for sub-interpreters are refused with an explanation."""

from __future__ import annotations

import functools
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, Callable

#: Of the standard library of CPython 3.12, where they may be built in; Python has other means.
#: `_zoneinfo` takes the C code of `datetime` for granted.
_NOT_IN_3_12 = frozenset(
    ("_ctypes", "_curses", "_datetime", "_decimal", "_tkinter", "_zoneinfo", "readline")
)
_REFUSAL = "does not support loading in subinterpreters"
_ADVICE = (
    " of Python {}.{}: serve what needs it without `interpreter`, in a group of its own, or with"
    ' the isolation "process"'.format(*sys.version_info)
)
#: What a module calls whose initialization has more than one phase.
_PHASES = b"PyModuleDef_Init"


def refuse_extensions() -> None:
    """Explains what CPython refuses, and refuses what it would refuse too late. Called first.

    CPython 3.12 learns that a module has a single phase by running its initialization, which
    corrupts memory when several interpreters do so.
    """
    loader: Any = importlib.machinery.ExtensionFileLoader
    original: Callable[[Any, Any], ModuleType] = loader.create_module
    may_be_late = sys.version_info < (3, 13)

    @functools.wraps(original)
    def create_module(self: Any, spec: Any) -> ModuleType:
        if may_be_late and not _has_phases(self.path):
            raise _refuse(spec.name, self.path)
        try:
            return original(self, spec)
        except ImportError as error:
            if _REFUSAL in str(error):
                raise _refuse(spec.name, self.path) from None
            raise

    loader.create_module = create_module
    if may_be_late:
        sys.meta_path.insert(0, _Refusals())


class _Refusals:
    """Finds nothing."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> None:
        """Raises ImportError for what must not be loaded."""
        if name in _NOT_IN_3_12:
            raise _refuse(name)


def _has_phases(path: str) -> bool:
    with open(path, "rb") as file:
        return _PHASES in file.read()


def _refuse(name: str, path: str | None = None) -> ImportError:
    return ImportError(f"module {name} {_REFUSAL}{_ADVICE}", name=name, path=path)
