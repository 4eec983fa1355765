"""`Application`: what all clients share."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import AbstractContextManager
from typing import Any

from taipan.scripts.asp.contents import KeptValues, WithContents
from taipan.sessions.application import application


class ApplicationValues(MutableMapping[str, Any]):
    """Those of one route among the values of the server."""

    def __init__(self, mount: str) -> None:
        self._prefix = f"asp {mount} "

    def __getitem__(self, name: str) -> Any:
        return application[self._prefix + name]

    def __setitem__(self, name: str, value: Any) -> None:
        application[self._prefix + name] = value

    def __delitem__(self, name: str) -> None:
        del application[self._prefix + name]

    def __iter__(self) -> Iterator[str]:
        start = len(self._prefix)
        return iter([name[start:] for name in application if name.startswith(self._prefix)])

    def __len__(self) -> int:
        return len(list(iter(self)))


class Application(WithContents):
    """The object `Application`."""

    def __init__(self, values: MutableMapping[str, Any]) -> None:
        self._contents = KeptValues(values)
        self._lock: AbstractContextManager[None] | None = None

    def Lock(self) -> None:
        """Keeps other pages that lock it out, until `Unlock` or the end of the page."""
        if self._lock is None:
            lock = application.lock()
            lock.__enter__()
            self._lock = lock

    def Unlock(self) -> None:
        """Lets others have it."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.__exit__(None, None, None)
