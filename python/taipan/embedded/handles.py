"""Handles of callbacks, made with fewer steps than asyncio's, because each request needs several.

Calling another constructor would be another step, so each one sets all attributes itself.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop, Handle, TimerHandle
from contextvars import Context, copy_context
from typing import Any, Callable, Final

_SLOTS: Final = {
    "__weakref__",
    "_args",
    "_callback",
    "_cancelled",
    "_context",
    "_loop",
    "_repr",
    "_source_traceback",
}

#: Whether handles have the expected slots, which may change in other versions of Python.
ARE_KNOWN: Final = set(Handle.__slots__) == _SLOTS and set(TimerHandle.__slots__) == {
    "_scheduled",
    "_when",
}


class QuickHandle(Handle):
    """A `Handle` for a loop that is not in debug mode."""

    __slots__ = ()

    def __init__(
        self,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None


class QuickTimer(TimerHandle):
    """A `TimerHandle`, as a timer of a loop that is not in debug mode."""

    __slots__ = ()

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: tuple[Any, ...],
        loop: AbstractEventLoop,
        context: Context | None,
    ) -> None:
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = None
        self._source_traceback = None
        self._when = when
        self._scheduled = True

    def __lt__(self, other: Any) -> bool:
        when: float = other._when
        return self._when < when
