"""The one function through which Node hands over requests and takes answers."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, Protocol

from taipan.embedded.inline import InlineHub
from taipan.embedded.memory import SharedMemory
from taipan.embedded.node_loop import NodeEventLoop
from taipan.events import Reporter
from taipan.tracebacks import format_exception, summarize

_BROKEN = -1
_TURN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)


class LoopHub(Protocol):
    """Runs ASGI applications on the loop."""

    def receive(self, data: bytes) -> None:
        """Takes any piece of the byte stream."""

    def take_output(self) -> bytes:
        """All whole frames that were made since the last call."""


class Port:
    """What Node reaches the applications of one generation by."""

    def __init__(self, place: Mapping[str, Any], loop: NodeEventLoop, reporter: Reporter) -> None:
        self.memory = SharedMemory(place)
        self.loop = loop
        #: Who gets the frames: one of them, or both.
        self.inline: InlineHub | None = None
        self.hub: LoopHub | None = None
        self._reporter = reporter
        self._function = _TURN(self._turn)
        self._timed = False

    def close(self) -> None:
        """Node calls no more."""
        self.memory.close()

    @property
    def function(self) -> int:
        """Address of `int turn(int bytes, int polled)`.

        It takes so many bytes of frames, runs what is ready, and gives twice the bytes that lie
        there for Node, plus one when it should be called again soon; below 0 when nothing works
        any more.
        """
        return ctypes.cast(self._function, ctypes.c_void_p).value or 0

    def _turn(self, size: int, polled: int) -> int:
        try:
            return self._run(size, polled)
        except BaseException as error:
            self._reporter.report("error", summarize(error), format_exception(error))
            return _BROKEN

    def _run(self, size: int, polled: int) -> int:
        memory = self.memory
        if memory.full:
            memory.refill()
        inline, hub, loop = self.inline, self.hub, self.loop
        more = False
        if inline is not None:
            if size:
                inline.receive(size)
            if inline.ready:
                inline.advance()
                more = inline.ready
        elif size and hub is not None:
            hub.receive(bytes(memory.input[:size]))
        if polled or loop.due:
            more = loop.turn(bool(polled)) or more
        if hub is not None:
            memory.put(hub.take_output())
        self._tell_timer()
        return memory.take() * 2 + (more or memory.full)

    def _tell_timer(self) -> None:
        delay = self.loop.delay
        if delay >= 0 or self._timed:
            self._timed = delay >= 0
            self.memory.timer.value = delay * 1000
