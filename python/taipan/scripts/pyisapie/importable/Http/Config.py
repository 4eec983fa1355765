"""`Http.Config`: each interpreter has its own values, which modules may change."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from taipan.scripts.pyisapie.config import DEFAULTS
from taipan.scripts.pyisapie.request import current_isapi

__all__ = [*DEFAULTS]


class _Config(ModuleType):
    def __getattr__(self, name: str) -> Any:
        try:
            return _values()[name]
        except KeyError:
            raise AttributeError(f"Http.Config has no {name!r}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__") or isinstance(value, ModuleType):
            super().__setattr__(name, value)
        else:
            _values()[name] = value


def _values() -> dict[str, Any]:
    isapi = current_isapi()
    return _outside if isapi is None else isapi.interpreter.values


#: For code that serves no request.
_outside = dict(DEFAULTS)

sys.modules[__name__].__class__ = _Config
