"""`Http.URL`: requests by the map `WWW.URL.Map`."""

from __future__ import annotations

from typing import Any

from taipan.scripts.pyisapie.request import require_isapi
from taipan.scripts.pyisapie.url_map import AdvancedMap, NotFoundError

__all__ = ["HandleRequest", "NotFoundError"]


def HandleRequest() -> Any:
    """Answers the present request. Raises `NotFoundError`."""
    interpreter = require_isapi().interpreter
    turn, known = interpreter.url_map
    if known is None or turn != interpreter.modules.generation:
        turn = interpreter.modules.generation
        maps = interpreter.modules.import_module("WWW.URL", fromlist=("Map",))
        known = AdvancedMap(maps.Map, Prefix="WWW.")
        interpreter.url_map = turn, known
    return known()
