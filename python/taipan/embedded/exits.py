"""atexit handlers: those of applications run at their stop, others at the end of the process."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any

from taipan.tracebacks import format_exception

_Handler = tuple[object, Callable[..., Any], tuple[Any, ...], dict[str, Any]]

#: Handlers with the worker that registered them, None for shared ones; oldest first.
_handlers: list[_Handler] = []
_libraries: tuple[str, ...] = ()


def install(find_owner: Callable[[str], object]) -> None:
    """Replaces the functions of `atexit`, except for handlers of the standard library.

    `find_owner` returns the worker that a module file belongs to, or None.
    """
    global _libraries
    _libraries = (os.path.join(os.path.dirname(os.__file__), ""),)
    register, unregister = atexit.register, atexit.unregister

    def register_here(function: Any, *args: Any, **kwargs: Any) -> Any:
        """Registers a function to be called when the application stops."""
        if not callable(function):
            raise TypeError("the first argument must be callable")
        path = str(sys._getframe(1).f_globals.get("__file__") or "")
        if _is_standard(path):
            return register(function, *args, **kwargs)
        _handlers.append((find_owner(path), function, args, kwargs))
        return function

    def unregister_here(function: Callable[..., object]) -> None:
        """Unregisters a function."""
        _handlers[:] = [handler for handler in _handlers if handler[1] != function]
        unregister(function)

    patched: Any = atexit
    patched.register = register_here
    patched.unregister = unregister_here


def run_handlers(owner: object, report: Callable[[str, str, str], None]) -> None:
    """Runs the handlers of a worker, or all if it is None, newest first."""
    while True:
        handler = _take_last(owner)
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
    """Runs the handlers of the standard library at the end of the process."""
    atexit._run_exitfuncs()


def _take_last(owner: object) -> _Handler | None:
    for index in range(len(_handlers) - 1, -1, -1):
        if owner is None or _handlers[index][0] is owner:
            return _handlers.pop(index)
    return None


def _is_standard(path: str) -> bool:
    packages = ("site-packages", "dist-packages")
    return path.startswith(_libraries) and not any(part in path for part in packages)
