"""Which sub-interpreter an application runs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Stands for the sub-interpreter of each thread. No application can name it.
OF_THREAD = ""


def interpreter_of(item: Mapping[str, Any], config: Mapping[str, Any]) -> str | None:
    """Its name; None for the main interpreter."""
    if config.get("isolation") == "interpreter":
        return OF_THREAD
    name = item.get("interpreter")
    return None if name is None else str(name)


def find_interpreters(config: Mapping[str, Any]) -> list[str]:
    """The sub-interpreters that the applications of a worker need."""
    names = [interpreter_of(item, config) for item in config["applications"]]
    return list(dict.fromkeys(name for name in names if name is not None))
