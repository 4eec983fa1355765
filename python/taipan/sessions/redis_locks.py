"""Locks in a Redis, which end some time after the process that holds them."""

from __future__ import annotations

import time
from contextlib import suppress
from secrets import token_hex
from typing import Any, Callable

from taipan.native import allocate_lock, sleep, start_new_thread
from taipan.sessions.errors import SessionBusy, SessionError

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
    """Locks by name. `call` sends a command of the package `redis`; raises `SessionError`."""

    def __init__(self, call: Callable[..., Any], lease: int = LEASE) -> None:
        self.call = call
        self.lease = lease
        self._mutex = allocate_lock()
        #: Names by the token that shows whose they are.
        self._held: dict[str, str] = {}
        self._keeps = False

    def make(self, name: str) -> RedisLock:
        """A lock that is not taken yet."""
        return RedisLock(self, name)

    def note(self, token: str, name: str) -> None:
        """Renews a lock from now on."""
        with self._mutex:
            self._held[token] = name
            if not self._keeps:
                self._keeps = True
                start_new_thread(self._keep, ())

    def forget(self, token: str) -> None:
        """Renews it no longer."""
        with self._mutex:
            self._held.pop(token, None)

    def _keep(self) -> None:
        """Renews what is held, until there is nothing."""
        while True:
            sleep(self.lease / 3000)
            with self._mutex:
                held = list(self._held.items())
                if not held:
                    self._keeps = False
                    return
            for token, name in held:
                # If Redis is away for longer than a lease, its locks are gone.
                with suppress(SessionError):
                    self.call("eval", _RENEW, 1, name, token, self.lease)


class RedisLock:
    """One request's hold on a lock; `release` is right at any time, also after an interruption."""

    def __init__(self, locks: RedisLocks, name: str) -> None:
        self._locks = locks
        self._name = name
        self._token = token_hex(16)
        self._waiting = f"{name}:waiting"
        self._asked = False

    def take(self, timeout: float) -> None:
        """Waits until nobody else has it. Raises `SessionBusy` after `timeout` seconds."""
        call, lease = self._locks.call, self._locks.lease
        end = time.monotonic() + timeout
        self._asked = True
        while not call("set", self._name, self._token, nx=True, px=lease):
            left = end - time.monotonic()
            if left <= 0:
                raise SessionBusy(f"another request has held the session for {timeout:g} seconds")
            # Redis takes 0 for ever.
            call("blpop", [self._waiting], timeout=max(0.001, min(left, _LOOK)))
        self._locks.note(self._token, self._name)

    def release(self) -> None:
        """Lets others have it, if it was taken; without Redis it ends by itself."""
        if not self._asked:
            return
        self._asked = False
        self._locks.forget(self._token)
        with suppress(SessionError):
            self._locks.call(
                "eval", _RELEASE, 2, self._name, self._waiting, self._token, self._locks.lease
            )
