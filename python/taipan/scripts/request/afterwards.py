"""What runs for a request when its client has the whole answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Callable


class FollowedBody:
    """The rest of a response; `follow` is called when it has been sent, or cannot be."""

    def __init__(self, body: Iterable[bytes], follow: Callable[[], None]) -> None:
        self._body = body
        self._follow = follow

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def __len__(self) -> int:
        # A single block has the length of the body; others raise, as they have none.
        return len(self._body)  # type: ignore[arg-type]

    def close(self) -> None:
        """Called by who sends it."""
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._follow()
