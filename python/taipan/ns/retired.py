"""Names of PyWX that have no meaning here: they say what to use instead."""

from __future__ import annotations

from typing import Any, Callable, NoReturn

#: What stands in for the functions whose names begin like this.
_FAMILIES = {
    "Tcl": "there is no Tcl; write it in Python",
    "Sock": "the module socket of Python has what it did",
    "Register": "routes of the configuration say which function answers a URL",
    "Schedule": "cron, or a worker process of your own, does things at times",
    "Mutex": "the module threading of Python has what it did",
    "Lock": "the module threading of Python has what it did",
    "Unlock": "the module threading of Python has what it did",
    "Cond": "the module threading of Python has what it did",
    "Semaphore": "the module threading of Python has what it did",
    "Rwlock": "the module threading of Python has what it did",
    "Thread": "the module threading of Python has what it did",
    "Tls": "the module contextvars of Python has what it did",
    "Cache": "functools.lru_cache and dicts do what it did",
    "Adp": "PSP pages do what it did",
    "Driver": "drivers of sockets are no modules here",
    "Unregister": "routes of the configuration say which function answers a URL",
}


def retire(name: str, instead: str) -> Callable[..., NoReturn]:
    """A function that raises `NotImplementedError`."""

    def raise_error(*_: Any, **__: Any) -> NoReturn:
        raise NotImplementedError(f"{name} does not exist in Taipan: {instead}")

    raise_error.__name__ = name.rpartition(".")[2]
    raise_error.__doc__ = f"Raises `NotImplementedError`: {instead}."
    return raise_error


def find_retired(name: str) -> Callable[..., NoReturn] | None:
    """What stands for a function of the families above; None for other names."""
    for family, instead in _FAMILIES.items():
        if name.startswith(family):
            return retire(name, instead)
    return None
