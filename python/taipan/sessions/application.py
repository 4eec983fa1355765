"""`taipan.application`: values that all workers of a server share."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from taipan.sessions.errors import SessionBusy, SessionError
from taipan.sessions.process import process_sessions
from taipan.sessions.store import SessionLock
from taipan.sessions.values import decode_value, encode_value

_locked: ContextVar[bool] = ContextVar("taipan_application_locked", default=False)


class ApplicationState(MutableMapping[str, Any]):
    """Values by name. Each is read and stored at once; `lock` keeps others from changing them."""

    def __getitem__(self, name: str) -> Any:
        data = process_sessions().store.read_value(name)
        if data is None:
            raise KeyError(name)
        return decode_value(data)

    def __setitem__(self, name: str, value: Any) -> None:
        if not isinstance(name, str):
            raise TypeError(f"names in taipan.application are texts, not {type(name).__name__}")
        sessions = process_sessions()
        data = encode_value(value)
        if len(data) > sessions.settings.limit:
            raise SessionError(
                f"taipan.application[{name!r}] has {len(data)} bytes, more than"
                f" {sessions.settings.limit} (sessions.limit)"
            )
        sessions.store.write_value(name, data)

    def __delitem__(self, name: str) -> None:
        store = process_sessions().store
        if store.read_value(name) is None:
            raise KeyError(name)
        store.write_value(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(process_sessions().store.list_values())

    def __len__(self) -> int:
        return len(process_sessions().store.list_values())

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keeps others out that lock it, too: `with application.lock(): application["n"] += 1`.

        May be nested. Raises `SessionBusy` if another one holds it for too long.
        """
        if _locked.get():
            yield
            return
        sessions = process_sessions()
        lock = sessions.store.make_lock(b"")
        try:
            _take(lock, sessions.settings.lock_timeout)
            before = _locked.set(True)
            try:
                yield
            finally:
                _locked.reset(before)
        finally:
            lock.release()


def _take(lock: SessionLock, timeout: float) -> None:
    try:
        lock.take(timeout)
    except SessionBusy:
        raise SessionBusy(
            f"another request has held taipan.application for {timeout:g} seconds"
        ) from None


#: The state of the server that runs this code.
application = ApplicationState()
