"""atexit handlers: those of an application run when it stops, the others when the process ends."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterable
from typing import Any

from taipan.tracebacks import format_exception

_Handler = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]

#: Handlers with the path of the module that registered them, oldest first.
_handlers: list[_Handler] = []
_libraries: tuple[str, ...] = ()


def install() -> None:
    """Takes over `atexit`. What the standard library registers goes on to it."""
    global _libraries
    _libraries = (os.path.join(os.path.dirname(os.__file__), ""),)
    register, unregister = atexit.register, atexit.unregister

    def register_here(function: Any, *args: Any, **kwargs: Any) -> Any:
        """Has a function called when the application stops."""
        if not callable(function):
            raise TypeError("the first argument must be callable")
        path = str(sys._getframe(1).f_globals.get("__file__") or "")
        if _is_standard(path):
            return register(function, *args, **kwargs)
        _handlers.append((os.path.realpath(path) if path else "", function, args, kwargs))
        return function

    def unregister_here(function: Callable[..., object]) -> None:
        """Forgets a function."""
        _handlers[:] = [handler for handler in _handlers if handler[1] != function]
        unregister(function)

    patched: Any = atexit
    patched.register = register_here
    patched.unregister = unregister_here


def run_handlers(folders: Iterable[str] | None, report: Callable[[str, str, str], None]) -> None:
    """Runs what modules in the folders have registered, or all when None; the newest first."""
    inside = None if folders is None else tuple(os.path.join(folder, "") for folder in folders)
    while True:
        handler = _take_last(inside)
        if handler is None:
            return
        _, function, args, kwargs = handler
        try:
            function(*args, **kwargs)
        except SystemExit:
            pass
        except BaseException as error:
            report("error", "an atexit handler failed", format_exception(error))


def run_rest() -> None:
    """Runs what the standard library has registered: the process ends."""
    atexit._run_exitfuncs()


def _take_last(inside: tuple[str, ...] | None) -> _Handler | None:
    for index in range(len(_handlers) - 1, -1, -1):
        if inside is None or _handlers[index][0].startswith(inside):
            return _handlers.pop(index)
    return None


def _is_standard(path: str) -> bool:
    packages = ("site-packages", "dist-packages")
    return path.startswith(_libraries) and not any(part in path for part in packages)
