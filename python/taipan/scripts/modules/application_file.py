"""WSGI applications in files of a folder of scripts (`.wsgi`), as under mod_wsgi."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Callable

from taipan.loader.code_cache import Stamp, file_stamp
from taipan.loader.files import execute_file
from taipan.loader.finding import find_callable
from taipan.native import allocate_lock
from taipan.scripts.modules.execfile import CODE

#: Applications of one folder that stay loaded.
_LIMIT = 64


class ApplicationFiles:
    """Loads each file once for each version of it."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self._loaded: OrderedDict[str, tuple[Stamp, Callable[..., Any]]] = OrderedDict()

    def load(self, path: str, builtins: dict[str, Any]) -> Callable[..., Any]:
        """`application` of the file. Raises what loading raises."""
        with self._lock:
            stamp = file_stamp(path)
            known = self._loaded.get(path)
            if known is not None and known[0] == stamp:
                self._loaded.move_to_end(path)
                return known[1]
            found = find_callable(execute_file(path, CODE, builtins), "", path, "wsgi")
            self._loaded[path] = stamp, found.application
            if len(self._loaded) > _LIMIT:
                self._loaded.popitem(last=False)
            return found.application
