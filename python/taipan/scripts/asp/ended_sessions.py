"""Sessions whose time is over, for `Session_OnEnd`."""

from __future__ import annotations

import json
import time
from typing import Any, Callable

from taipan.scripts.asp.contents import HIDDEN
from taipan.sessions.errors import SessionError
from taipan.sessions.process import process_sessions
from taipan.sessions.store import AWAITED, SessionRecord
from taipan.sessions.values import decode_value

#: Key of a session by which its application finds it when it has ended.
ENDS = f"{HIDDEN}ends"
#: Seconds between two looks, and how many sessions one takes.
_INTERVAL = 30.0
_MOST = 20


class EndedSession(dict[str, Any]):
    """The values of a session that has ended."""

    def __init__(self, record: SessionRecord) -> None:
        super().__init__(decode_value(record.data))
        self._timeout = record.timeout

    def id(self) -> str:
        """Empty: only its number is known."""
        return ""

    def timeout(self) -> float:
        """Seconds without a request after which it has ended."""
        return self._timeout

    def set_timeout(self, seconds: float) -> None:
        """Nothing: it is too late."""


class EndedSessions:
    """Looks for them from time to time, while there are requests."""

    def __init__(self, mount: str) -> None:
        self._mark = AWAITED + json.dumps(mount).encode("ascii")
        self._next = 0.0

    def take(self, end: Callable[[EndedSession], None]) -> None:
        """Calls `end` with each one that no other process has taken."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        for record in process_sessions().store.take_ended(time.time(), self._mark, _MOST):
            try:
                session = EndedSession(record)
            except (SessionError, ValueError, TypeError):
                continue
            end(session)
