"""Where requests were when they were cancelled, for Node, which asks a little later."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from taipan.native import get_ident
from taipan.stacks import Stack, capture_task

#: More are forgotten, the oldest first.
_MOST = 100

_requests: deque[tuple[str, Stack]] = deque(maxlen=_MOST)


def note(request: str, task: asyncio.Task[Any] | None) -> None:
    """The task of a request is about to be cancelled, in the thread of its loop."""
    _requests.append((request, capture_task(task, get_ident())))


def find(request: str) -> Stack | None:
    """Where a request was; any thread may ask."""
    for name, stack in list(_requests):
        if name == request:
            return stack
    return None
