"""Sessions in a Redis."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Callable
from urllib.parse import urlsplit

from taipan.sessions.errors import SessionError
from taipan.sessions.redis_locks import RedisLocks
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
        with self._explain():
            self._client = redis.Redis.from_url(
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
            )
            self._client.ping()
        self._locks = RedisLocks(self._client)

    def load(self, key: bytes, now: float) -> SessionRecord | None:
        """As `SessionStore.load`."""
        with self._explain():
            found = self._client.get(_name(key))
        record = None if found is None else _unpack(found)
        return record if record and record.accessed + record.timeout > now else None

    def insert(self, key: bytes, record: SessionRecord) -> None:
        """As `SessionStore.insert`."""
        with self._explain():
            self._client.set(_name(key), _pack(record), px=_milliseconds(record))

    def update(self, key: bytes, record: SessionRecord) -> bool:
        """As `SessionStore.update`."""
        with self._explain():
            done = self._client.set(_name(key), _pack(record), px=_milliseconds(record), xx=True)
        return bool(done)

    def move(self, old: bytes, new: bytes, record: SessionRecord) -> bool:
        """As `SessionStore.move`."""
        if old == new:
            return self.update(new, record)
        keys = _name(old), _name(new)
        with self._explain():
            done = self._client.eval(_MOVE, 2, *keys, _pack(record), _milliseconds(record))
        return bool(done)

    def delete(self, key: bytes) -> None:
        """As `SessionStore.delete`."""
        with self._explain():
            self._client.delete(_name(key))

    def sweep(self, now: float) -> None:
        """Nothing has to be done."""

    def lock(self, key: bytes, timeout: float) -> Callable[[], None]:
        """As `SessionStore.lock`; that of a process that has died ends after half a minute."""
        with self._explain():
            release = self._locks.acquire(f"taipan:lock:{key.hex()}", timeout)

        def give_back() -> None:
            # Otherwise it ends by itself.
            with suppress(SessionError), self._explain():
                release()

        return give_back

    def read_value(self, name: str) -> bytes | None:
        """As `SessionStore.read_value`."""
        with self._explain():
            found: bytes | None = self._client.hget(_VALUES, name)
        return found

    def write_value(self, name: str, data: bytes | None) -> None:
        """As `SessionStore.write_value`."""
        with self._explain():
            if data is None:
                self._client.hdel(_VALUES, name)
            else:
                self._client.hset(_VALUES, name, data)

    def list_values(self) -> list[str]:
        """As `SessionStore.list_values`."""
        with self._explain():
            names: list[bytes] = self._client.hkeys(_VALUES)
        return sorted(name.decode("utf-8", "surrogatepass") for name in names)

    def close(self) -> None:
        """As `SessionStore.close`."""
        self._client.close()

    @contextmanager
    def _explain(self) -> Iterator[None]:
        try:
            yield
        except (self._error, OSError, ValueError) as error:
            raise SessionError(
                f"the store of sessions, the Redis at {self._place}, fails: {error}"
            ) from error


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
