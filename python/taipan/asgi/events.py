"""Checks of the events that an application sends."""

from __future__ import annotations

from typing import Any

from taipan.fields import kind_of

Event = dict[str, Any]


class ProtocolError(RuntimeError):
    """The application broke a rule of ASGI."""


def require_type(event: Any) -> str:
    """The type of an event. Raises `TypeError` or `ProtocolError`."""
    if not isinstance(event, dict):
        raise TypeError(f"an event must be a dict, not {kind_of(event)}")
    kind = event.get("type")
    if not isinstance(kind, str):
        raise ProtocolError(f"an event must have a type, a str: {kind!r}")
    return kind


def require_key(event: Event, key: str) -> Any:
    """The value of a required key."""
    try:
        return event[key]
    except KeyError:
        raise ProtocolError(f"{event['type']} must have the key {key!r}") from None


def require_bytes(event: Event, key: str, value: Any) -> bytes:
    """The value as bytes; accepts bytes-like types."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value)
    raise TypeError(f"{key!r} of {event['type']} must be bytes, not {kind_of(value)}")


def unexpected(event: Event, when: str) -> ProtocolError:
    """The error for an event at the wrong time."""
    return ProtocolError(f"{event['type']} was sent {when}")
