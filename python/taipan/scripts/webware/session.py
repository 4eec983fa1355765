"""`trans.session()`: the session of the client."""

from __future__ import annotations

from typing import Any

from taipan.scripts.webware.no_default import NoDefault, pick
from taipan.sessions.session import Session as Stored


class Session:
    """The same values as `taipan.session`."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored
        # Webware gives every client of such a page one.
        stored.issue()

    def value(self, name: str, default: Any = NoDefault) -> Any:
        return pick(self._stored, name, default)

    def hasValue(self, name: str) -> bool:
        return name in self._stored

    def setValue(self, name: str, value: Any) -> None:
        self._stored[name] = value

    def delValue(self, name: str) -> None:
        del self._stored[name]

    def values(self) -> dict[str, Any]:
        return self._stored

    def __getitem__(self, name: str) -> Any:
        return self._stored[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._stored[name] = value

    def __delitem__(self, name: str) -> None:
        del self._stored[name]

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def identifier(self) -> str:
        return self._stored.id()

    def isNew(self) -> bool:
        return self._stored.is_new()

    def creationTime(self) -> float:
        return self._stored.created()

    def lastAccessTime(self) -> float:
        return self._stored.last_accessed()

    def timeout(self) -> float:
        """Seconds without a request after which it ends."""
        return self._stored.timeout()

    def setTimeout(self, timeout: float) -> None:
        self._stored.set_timeout(timeout)

    def invalidate(self) -> None:
        self._stored.invalidate()

    expiring = invalidate

    def sessionEncode(self, url: str) -> str:
        """The URL as it is: ids travel in cookies only."""
        return url
