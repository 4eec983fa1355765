"""Keeps the stacks of cancelled requests for Node, which asks for them a little later."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from taipan.native import get_ident
from taipan.stacks import Stack, capture_task

#: Most stacks to keep; the oldest are dropped.
_MOST = 100

_requests: deque[tuple[str, Stack]] = deque(maxlen=_MOST)


def note(request: str, task: asyncio.Task[Any] | None) -> None:
    """Records the stack before the task of a request is cancelled, in the thread of its loop."""
    _requests.append((request, capture_task(task, get_ident())))


def find(request: str) -> Stack | None:
    """The stack of a cancelled request; may be called in any thread."""
    for name, stack in list(_requests):
        if name == request:
            return stack
    return None
