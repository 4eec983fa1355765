"""Sessions in a Redis."""

from __future__ import annotations

import importlib
import json
from typing import Any
from urllib.parse import urlsplit

from taipan.sessions.errors import SessionError
from taipan.sessions.redis_locks import RedisLock, RedisLocks
from taipan.sessions.store import SessionRecord

_VALUES = "taipan:application"
#: Seconds until Redis must have answered, besides those that it was asked to wait.
_TIMEOUT = 10.0
_MOVE = """
if redis.call('DEL', KEYS[1]) == 0 then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
"""


class RedisStore:
    """Sessions in a Redis, which forgets them by itself when their time is over."""

    def __init__(self, url: str) -> None:
        self._place = _describe(url)
        redis = _import_package()
        self._error: type[Exception] = redis.RedisError
        try:
            self._client: Any = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
        except ValueError as error:
            raise self._explain(error) from error
        self._call("ping")
        self._locks = RedisLocks(self._call)

    def load(self, key: bytes, now: float) -> SessionRecord | None:
        """As `SessionStore.load`."""
        found = self._call("get", _name(key))
        record = None if found is None else _unpack(found)
        return record if record and record.accessed + record.timeout > now else None

    def insert(self, key: bytes, record: SessionRecord) -> None:
        """As `SessionStore.insert`."""
        self._call("set", _name(key), _pack(record), px=_milliseconds(record))

    def change(self, old: bytes, new: bytes, record: SessionRecord) -> bool:
        """As `SessionStore.change`."""
        name, packed, time = _name(new), _pack(record), _milliseconds(record)
        if old == new:
            return bool(self._call("set", name, packed, px=time, xx=True))
        return bool(self._call("eval", _MOVE, 2, _name(old), name, packed, time))

    def delete(self, key: bytes) -> None:
        """As `SessionStore.delete`."""
        self._call("delete", _name(key))

    def sweep(self, now: float) -> None:
        """Nothing has to be done."""

    def take_ended(self, now: float, mark: bytes, most: int) -> list[SessionRecord]:
        """None: Redis forgets them by itself."""
        return []

    def make_lock(self, key: bytes) -> RedisLock:
        """As `SessionStore.make_lock`; that of a process that has died ends after half a minute."""
        return self._locks.make(f"taipan:lock:{key.hex()}")

    def read_value(self, name: str) -> bytes | None:
        """As `SessionStore.read_value`."""
        found: bytes | None = self._call("hget", _VALUES, name)
        return found

    def write_value(self, name: str, data: bytes | None) -> None:
        """As `SessionStore.write_value`."""
        if data is None:
            self._call("hdel", _VALUES, name)
        else:
            self._call("hset", _VALUES, name, data)

    def list_values(self) -> list[str]:
        """As `SessionStore.list_values`."""
        return sorted(name.decode("utf-8") for name in self._call("hkeys", _VALUES))

    def close(self) -> None:
        """As `SessionStore.close`."""
        self._client.close()

    def _call(self, command: str, *values: Any, **options: Any) -> Any:
        try:
            return getattr(self._client, command)(*values, **options)
        except self._error as error:
            raise self._explain(error) from error

    def _explain(self, error: Exception) -> SessionError:
        return SessionError(f"the store of sessions, the Redis at {self._place}, fails: {error}")


def _describe(url: str) -> str:
    """Where it is, without its password."""
    place = urlsplit(url)
    host = place.netloc.rpartition("@")[2]
    return host or place.path


def _import_package() -> Any:
    try:
        return importlib.import_module("redis")
    except ImportError:
        raise SessionError("this Python has no package redis: pip install redis") from None


def _name(key: bytes) -> str:
    return f"taipan:session:{key.hex()}"


def _milliseconds(record: SessionRecord) -> int:
    return max(1, int(record.timeout * 1000))


def _pack(record: SessionRecord) -> bytes:
    return json.dumps(record[1:]).encode("ascii") + b"\n" + record.data


def _unpack(found: bytes) -> SessionRecord | None:
    """The session; None if others have put something there."""
    head, _, data = found.partition(b"\n")
    try:
        created, accessed, timeout, path = json.loads(head)
        return SessionRecord(data, float(created), float(accessed), float(timeout), str(path))
    except (ValueError, TypeError):
        return None
