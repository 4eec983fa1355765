"""Values of sessions and of the application as bytes.

Not pickle: whoever may write to the store could run code. JSON, in which values that it does not
have are objects with one key, `$` and the name of the type.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from json import JSONDecoder, JSONEncoder
from typing import Any, Callable
from uuid import UUID

from taipan.sessions.errors import SessionError

_KINDS = (
    "None, bool, int, float, str, bytes, list, tuple, dict, set, frozenset, datetime, date, time,"
    " timedelta, Decimal, UUID"
)

_PACKED: tuple[tuple[type, str, Callable[[Any], Any]], ...] = (
    (tuple, "tuple", lambda value: [_pack(one) for one in value]),
    (set, "set", lambda value: [_pack(one) for one in value]),
    (frozenset, "frozenset", lambda value: [_pack(one) for one in value]),
    (bytes, "bytes", lambda value: b64encode(value).decode("ascii")),
    # Every datetime is a date.
    (datetime, "datetime", datetime.isoformat),
    (date, "date", date.isoformat),
    (time, "time", time.isoformat),
    (timedelta, "timedelta", lambda value: [value.days, value.seconds, value.microseconds]),
    (Decimal, "decimal", str),
    (UUID, "uuid", str),
)

_UNPACKED: dict[str, Callable[[Any], Any]] = {
    "$tuple": tuple,
    "$set": set,
    "$frozenset": frozenset,
    "$bytes": b64decode,
    "$datetime": datetime.fromisoformat,
    "$date": date.fromisoformat,
    "$time": time.fromisoformat,
    "$timedelta": lambda parts: timedelta(*parts),
    "$decimal": Decimal,
    "$uuid": UUID,
    "$dict": dict,
}


def encode_value(value: Any) -> bytes:
    """A value as bytes; a dict in the same order gives the same bytes.

    Instances of subclasses of these types come back as the types. Raises `SessionError` for values
    of other types.
    """
    try:
        return _ENCODER.encode(_pack(value)).encode("ascii")
    except RecursionError:
        raise SessionError("a value contains itself, or is nested too deep") from None
    except ValueError as error:
        raise SessionError(f"a value cannot be stored: {error}") from None


def decode_value(data: bytes) -> Any:
    """What `encode_value` was given. Raises `SessionError` if these bytes are no value."""
    try:
        return _DECODER.decode(str(data, "ascii"))
    except (ValueError, TypeError, RecursionError) as error:
        raise SessionError(f"the store has something that is no value: {error}") from None


def _pack(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if isinstance(value, list):
        return [_pack(one) for one in value]
    if isinstance(value, dict):
        return _pack_dict(value)
    for kind, name, pack in _PACKED:
        if isinstance(value, kind):
            return {f"${name}": pack(value)}
    kind_name = f"{type(value).__module__}.{type(value).__qualname__}"
    raise SessionError(f"a {kind_name} cannot be stored; store what it consists of: {_KINDS}")


def _pack_dict(value: dict[Any, Any]) -> Any:
    packed: dict[str, Any] = {}
    for key, one in value.items():
        if not isinstance(key, str) or key.startswith("$"):
            return {"$dict": [[_pack(key), _pack(one)] for key, one in value.items()]}
        packed[key] = _pack(one)
    return packed


def _unpack(read: dict[str, Any]) -> Any:
    if len(read) == 1:
        [(name, value)] = read.items()
        unpack = _UNPACKED.get(name)
        if unpack is not None:
            return unpack(value)
    return read


_ENCODER = JSONEncoder(separators=(",", ":"))
_DECODER = JSONDecoder(object_hook=_unpack)
