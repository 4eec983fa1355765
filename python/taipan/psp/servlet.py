"""What the class of a Webware page needs to exist and to write itself."""

from __future__ import annotations

import builtins
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Callable

from taipan.psp.output import Writer


class BarePage:
    """The base of pages where there is no class `Page`."""


class _Response:
    def __init__(self, write: Writer) -> None:
        self.write = write


def find_base(name: str, namespace: Mapping[str, Any]) -> type:
    """The class that a page names by `extends`: a class, or a module with a class of its name."""
    first, *rest = name.split(".")
    if first in namespace:
        found = namespace[first]
    else:
        try:
            found = _importer(namespace)(first)
        except ModuleNotFoundError as error:
            if name == "Page" and error.name == name:
                return BarePage
            raise
    for part in rest:
        if isinstance(found, ModuleType) and not hasattr(found, part):
            importlib.import_module(f"{found.__name__}.{part}")
        found = getattr(found, part)
    if isinstance(found, ModuleType):
        found = getattr(found, name.rpartition(".")[2])
    if not isinstance(found, type):
        raise TypeError(f"{name} is no class")
    return found


def _importer(namespace: Mapping[str, Any]) -> Callable[[str], ModuleType]:
    """`__import__` of the code of the page."""
    given = namespace.get("__builtins__", builtins)
    found: Callable[[str], ModuleType] = (
        given["__import__"] if isinstance(given, dict) else given.__import__
    )
    return found


def read_text(path: str) -> str:
    """The content of a file that a page inserts."""
    with open(path, encoding="utf-8") as stream:
        return stream.read()


def write_bare(made: Any, method: str, write: Writer, arguments: tuple[Any, Any]) -> None:
    """Lets an instance write its page without what is around it."""
    getattr(made, f"_{method}")(_Response(write), *arguments)
