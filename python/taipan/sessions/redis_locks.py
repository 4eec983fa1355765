"""Locks in a Redis, which end some time after the process that holds them."""

from __future__ import annotations

import time
from contextlib import suppress
from secrets import token_hex
from typing import Any, Callable

from taipan.native import NativeThread, allocate_lock, sleep
from taipan.sessions.errors import SessionBusy

#: Milliseconds that a lock is held without a sign of life.
LEASE = 30_000
#: Longest time in seconds until a lock is seen whose holder has died.
_LOOK = 2.0

_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end"
#: Also wakes who has waited longest.
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('DEL', KEYS[1])
  redis.call('DEL', KEYS[2])
  redis.call('RPUSH', KEYS[2], '')
  redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
"""


class RedisLocks:
    """Locks by name. `client` is that of the package `redis`; what it raises is passed on."""

    def __init__(self, client: Any, lease: int = LEASE) -> None:
        self._client = client
        self._lease = lease
        self._mutex = allocate_lock()
        #: Names by the token that shows whose they are.
        self._held: dict[str, str] = {}
        self._keeps = False

    def acquire(self, name: str, timeout: float) -> Callable[[], None]:
        """Takes a lock; gives what releases it. Raises `SessionBusy` after `timeout` seconds."""
        token = token_hex(16)
        end = time.monotonic() + timeout
        while not self._client.set(name, token, nx=True, px=self._lease):
            left = end - time.monotonic()
            if left <= 0:
                raise SessionBusy(f"another request has held the session for {timeout:g} seconds")
            # Redis takes 0 for ever.
            self._client.blpop([_waiting(name)], timeout=max(0.001, min(left, _LOOK)))
        with self._mutex:
            self._held[token] = name
            begins, self._keeps = not self._keeps, True
        if begins:
            NativeThread(self._keep, "taipan-session-locks", listed=False).start()
        return lambda: self._release(token, name)

    def _release(self, token: str, name: str) -> None:
        with self._mutex:
            self._held.pop(token, None)
        self._client.eval(_RELEASE, 2, name, _waiting(name), token, self._lease)

    def _keep(self) -> None:
        """Renews what is held, until there is nothing."""
        while True:
            sleep(self._lease / 3000)
            with self._mutex:
                held = list(self._held.items())
                if not held:
                    self._keeps = False
                    return
            for token, name in held:
                # If Redis is away for longer than a lease, its locks are gone.
                with suppress(Exception):
                    self._client.eval(_RENEW, 1, name, token, self._lease)


def _waiting(name: str) -> str:
    return f"{name}:waiting"
