"""What keeps sessions."""

from __future__ import annotations

from typing import NamedTuple, Protocol

#: In the data of sessions whose end somebody waits for; what follows says who.
AWAITED = b'"asp:ends":'


class SessionRecord(NamedTuple):
    """A session as it is stored. Times are seconds since the epoch."""

    data: bytes
    created: float
    #: Of the last request for it that was noted.
    accessed: float
    #: Seconds without a request after which it ends.
    timeout: float
    #: Path of its cookie.
    path: str


class SessionLock(Protocol):
    """One request's hold on a session. `release` is right at any time: an exception for its thread
    may come while `take` waits."""

    def take(self, timeout: float) -> None:
        """Waits until nobody else has it. Raises `SessionBusy` after `timeout` seconds."""

    def release(self) -> None:
        """Lets others have it, if it was taken. The end of the process does it, too."""


class SessionStore(Protocol):
    """Sessions and the values of the application, for all processes.

    A session is known by a key of 32 bytes. May be used by several threads. All of it raises
    `SessionError` if the store cannot be reached.
    """

    def load(self, key: bytes, now: float) -> SessionRecord | None:
        """The session; None if there is none, or its time is over."""

    def insert(self, key: bytes, record: SessionRecord) -> None:
        """Adds a session with a new key."""

    def change(self, old: bytes, new: bytes, record: SessionRecord) -> bool:
        """Changes a session and its key, which may stay; False: it has ended meanwhile."""

    def delete(self, key: bytes) -> None:
        """Ends a session, if there is one."""

    def sweep(self, now: float) -> None:
        """Removes some of those whose time is over, unless that was done a short time ago.

        Those with `AWAITED` in their data are left to `take_ended` for a day.
        """

    def take_ended(self, now: float, mark: bytes, most: int) -> list[SessionRecord]:
        """Removes sessions whose time is over and whose data has a mark, and gives them once.

        A store that forgets by itself gives none.
        """

    def make_lock(self, key: bytes) -> SessionLock:
        """The lock of a session, or that of the application (empty key), which is not taken yet."""

    def read_value(self, name: str) -> bytes | None:
        """A value of the application."""

    def write_value(self, name: str, data: bytes | None) -> None:
        """Changes a value of the application; None removes it."""

    def list_values(self) -> list[str]:
        """Names of the values of the application."""

    def close(self) -> None:
        """Gives back what is open."""
