"""`__main__`: the script of the present request."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from taipan.scripts.request.current import current_request


class _MainModule(ModuleType):
    """Has the globals of the script; outside of requests those of the process's main module."""

    def __getattribute__(self, name: str) -> Any:
        request = current_request()
        if request is None or not request.namespace:
            return getattr(_process_main, name)
        if name == "__dict__":
            return request.namespace
        if name in request.namespace:
            return request.namespace[name]
        return super().__getattribute__(name)

    def __setattr__(self, name: str, value: Any) -> None:
        request = current_request()
        if request is None or not request.namespace:
            setattr(_process_main, name, value)
        else:
            request.namespace[name] = value


_process_main = sys.modules["__main__"]


def install_main_module() -> None:
    """Lets pickle, dataclasses and the like find what a script defines."""
    global _process_main
    _process_main = sys.modules["__main__"]
    sys.modules["__main__"] = _MainModule("__main__")
