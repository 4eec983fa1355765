"""Exceptions by which applications report a disconnected client."""

from __future__ import annotations

from typing import Any

from taipan.events import ClientDisconnected

#: Exceptions of frameworks after `receive` reported a disconnect.
_DISCONNECTS = frozenset(("ClientDisconnect", "WebSocketDisconnect"))


def is_disconnect(error: BaseException) -> bool:
    """Whether the error means that the application noticed the disconnect."""
    seen: set[int] = set()
    waiting: list[Any] = [error]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, ClientDisconnected) or type(one).__name__ in _DISCONNECTS:
            return True
        waiting += one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())
    return False
