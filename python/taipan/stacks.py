"""Captures the stack of a thread or task for the log."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Iterator
from itertools import dropwhile
from types import AsyncGeneratorType, FrameType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from taipan.known_threads import KnownThreads
from taipan.tracebacks import is_own, shorten

if TYPE_CHECKING:
    # Not imported with WSGI only, because asyncio is large.
    import asyncio

#: Most frames to show, innermost first, and most characters.
_MOST_FRAMES: Final = 200
_TEXT_LIMIT: Final = 64 * 1024
_THREADING: Final = os.path.join(os.path.dirname(os.__file__), "threading.py")
#: Where coroutines and generators keep their frame, and what they await.
_ATTRIBUTES: Final = (
    ("cr_frame", "cr_await"),
    ("gi_frame", "gi_yieldfrom"),
    ("ag_frame", "ag_await"),
)
#: Types of what awaits a step of an asynchronous generator.
_STEPS: Final = ("async_generator_asend", "async_generator_athrow")

#: Frames with their lines, innermost first. Source lines are read when it is formatted.
Stack = traceback.StackSummary

_NOTHING: Final = Stack()


class RunningRequest(NamedTuple):
    """A request that runs at the moment, as the log names it."""

    request: str
    application: str
    method: str
    #: Not decoded, without the query.
    path: str
    #: The thread it runs in; 0 for that of the event loop, or Node's.
    ident: int


#: The only threads that can be looked at; None: all.
_known: KnownThreads | None = None


def know_threads() -> None:
    """Looks at no threads from now on but those that call this or `note_thread`."""
    global _known
    _known = _known or KnownThreads()
    _known.add()


def knows_all_threads() -> bool:
    """Whether all threads of the process can be looked at."""
    return _known is None


def note_thread() -> None:
    """Lets others look at the calling thread, where not all threads can be looked at."""
    if _known is not None:
        _known.add()


def forget_thread() -> None:
    """The calling thread is about to end."""
    if _known is not None:
        _known.remove()


def capture_thread(ident: int) -> Stack:
    """The stack of a thread; empty if it has ended."""
    frame = sys._current_frames().get(ident) if _known is None else _known.find(ident)
    return _NOTHING if frame is None else _summarize(traceback.walk_stack(frame))


def capture_task(task: asyncio.Task[Any] | None, ident: int) -> Stack:
    """The stack of a task, whose loop runs in the thread `ident`. Safe in any thread."""
    coroutine: Any = None if task is None else task.get_coro()
    if coroutine is None:
        return _NOTHING
    if getattr(coroutine, "cr_running", False):
        return capture_thread(ident)
    return _summarize(reversed(list(_walk_awaited(coroutine))))


def format_stack(stack: Stack) -> str:
    """The stack as in a traceback, without frames of Taipan; empty if there is none."""
    shown = (frame for frame in reversed(stack) if not is_own(frame.filename))
    # How a thread begins tells nobody anything.
    kept = list(dropwhile(lambda frame: frame.filename == _THREADING, shown))
    if not kept:
        return ""
    lines = ["Stack (most recent call last):\n", *Stack.from_list(kept).format()]
    return shorten("".join(lines), _TEXT_LIMIT)


def _summarize(frames: Iterator[tuple[FrameType, int]]) -> Stack:
    return Stack.extract(frames, limit=_MOST_FRAMES, lookup_lines=False)


def _walk_awaited(coroutine: Any) -> Iterator[tuple[FrameType, int]]:
    """Yields the frames from the outermost coroutine to the innermost that it awaits."""
    for _ in range(_MOST_FRAMES):
        names = _find_names(coroutine)
        if names is None:
            # What awaits the next value of an asynchronous generator has no attribute for that.
            inner = gc.get_referents(coroutine) if type(coroutine).__name__ in _STEPS else ()
            coroutine = next((one for one in inner if isinstance(one, AsyncGeneratorType)), None)
            names = _find_names(coroutine)
        if names is None:
            return
        frame = getattr(coroutine, names[0])
        yield frame, frame.f_lineno
        coroutine = getattr(coroutine, names[1], None)


def _find_names(coroutine: Any) -> tuple[str, str] | None:
    """Which attributes have its frame and what it awaits; None if it has no frame."""
    for names in _ATTRIBUTES:
        if getattr(coroutine, names[0], None) is not None:
            return names
    return None
