"""`os.environ` of the present request, and the programs that inherit it."""

from __future__ import annotations

import functools
import os
import subprocess
from typing import Any, Callable

from taipan.scripts.current import current_environment

#: Position of `env` among the arguments of `Popen`, after `self`.
_ENV_ARGUMENT = 10


class _RequestEnvironment(type(os.environ)):  # type: ignore[misc]
    """`os.environ`: the variables of the request; outside of requests those of the process."""

    @property
    def _data(self) -> dict[bytes, bytes]:
        request = current_environment()
        data: dict[bytes, bytes] = self.__dict__["_data"] if request is None else request.variables
        return data

    def __setitem__(self, key: Any, value: Any) -> None:
        # Not putenv: the C library's variables belong to all threads.
        request = current_environment()
        if request is None:
            super().__setitem__(key, value)
        else:
            request.variables[self.encodekey(key)] = self.encodevalue(value)

    def __delitem__(self, key: Any) -> None:
        request = current_environment()
        if request is None:
            super().__delitem__(key)
            return
        try:
            del request.variables[self.encodekey(key)]
        except KeyError:
            raise KeyError(key) from None


def install_environment() -> None:
    """Gives requests an `os.environ` of their own. May be called twice."""
    if isinstance(os.environ, _RequestEnvironment):
        return
    os.environ.__class__ = _RequestEnvironment
    if hasattr(os, "environb"):
        os.environb.__class__ = _RequestEnvironment
    _patch_popen()
    os.system = _through_popen(os.system)
    os.execv = _with_variables(os.execv)


def _patch_popen() -> None:
    original = subprocess.Popen.__init__

    @functools.wraps(original)
    def start(self: Any, *args: Any, **named: Any) -> None:
        given = args[_ENV_ARGUMENT] if len(args) > _ENV_ARGUMENT else named.get("env")
        if given is None and current_environment() is not None:
            if len(args) > _ENV_ARGUMENT:
                args = (*args[:_ENV_ARGUMENT], dict(os.environ), *args[_ENV_ARGUMENT + 1 :])
            else:
                named["env"] = dict(os.environ)
        original(self, *args, **named)

    subprocess.Popen.__init__ = start  # type: ignore[method-assign]


def _through_popen(original: Callable[[Any], int]) -> Any:
    @functools.wraps(original)
    def system(command: Any) -> int:
        if current_environment() is None:
            return original(command)
        code = subprocess.call(command, shell=True)
        return code << 8 if code >= 0 else -code

    return system


def _with_variables(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(path: Any, args: Any, /) -> Any:
        if current_environment() is None:
            return original(path, args)
        return os.execve(path, args, dict(os.environ))

    return execute
