"""Errors by which applications say that they have noticed the end of their client."""

from __future__ import annotations

from typing import Any

from taipan.events import ClientDisconnected

#: What frameworks raise when `receive` told them that the client has left.
_DISCONNECTS = frozenset(("ClientDisconnect", "WebSocketDisconnect"))


def tells_disconnect(error: BaseException) -> bool:
    """The application says, in its own way, that the client has left."""
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
