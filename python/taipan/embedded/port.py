"""The function by which Node passes requests and receives responses."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from time import monotonic
from typing import Any, Protocol

from taipan.embedded.boot import keep_function
from taipan.embedded.inline import InlineHub
from taipan.embedded.memory import SharedMemory
from taipan.embedded.node_loop import NodeEventLoop
from taipan.embedded.turn_timeout import TurnTimeout
from taipan.events import Reporter
from taipan.tracebacks import format_exception, summarize

_BROKEN = -1
_TURN = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_int)


class LoopHub(Protocol):
    """Runs ASGI applications on the loop."""

    def receive(self, data: bytes) -> None:
        """Accepts any piece of the byte stream."""

    def take_output(self) -> bytes:
        """Removes and returns all complete frames."""


class Port:
    """Node's access to the applications of a worker."""

    def __init__(self, place: Mapping[str, Any], loop: NodeEventLoop, reporter: Reporter) -> None:
        self.memory = SharedMemory(place)
        self.loop = loop
        #: Receivers of the frames; one or both are set.
        self.inline: InlineHub | None = None
        self.hub: LoopHub | None = None
        #: Watches how long a turn takes, when there is a limit.
        self.timeout: TurnTimeout | None = None
        self._reporter = reporter
        # The function must stay valid for a last call of Node, without keeping the rest alive.
        port = [self]
        self._cell = port
        self._function = keep_function(
            _TURN(lambda size, polled: port[0]._turn(size, polled) if port else 0)
        )
        self._timed = False

    def close(self) -> None:
        """Makes further calls do nothing."""
        self._cell.clear()
        self.memory.close()

    @property
    def function(self) -> int:
        """Address of `int turn(int bytes, int polled)`.

        It takes so many bytes of frames, runs what is ready, and returns twice the number of bytes
        for Node, plus one if it should be called again soon; a negative number if it failed for
        good.
        """
        return self._function

    def _turn(self, size: int, polled: int) -> int:
        timeout = self.timeout
        if timeout is not None:
            timeout.began = monotonic()
            if timeout.asleep:
                timeout.wake()
        try:
            memory, inline, hub, loop = self.memory, self.inline, self.hub, self.loop
            if memory.rest:
                memory.refill()
            more = False
            if inline is not None:
                # Without streams that begin in this turn: their first block must leave before the
                # next one is made (PEP 3333).
                waiting = len(inline.ready)
                if size:
                    inline.receive(size)
                if waiting:
                    inline.advance(waiting)
                more = bool(inline.ready)
            elif size and hub is not None:
                hub.receive(bytes(memory.input[:size]))
            if polled or loop.busy or self._timed:
                more = self._turn_loop(polled) or more
            if hub is not None:
                memory.put(hub.take_output())
            return memory.take() * 2 + (more or bool(memory.rest))
        except BaseException as error:
            self._reporter.report("error", summarize(error), format_exception(error))
            return _BROKEN
        finally:
            if timeout is not None:
                timeout.began = 0.0

    def _turn_loop(self, polled: int) -> bool:
        loop = self.loop
        more = loop.turn(bool(polled)) if polled or loop.due else False
        delay = loop.delay
        self._timed = delay >= 0
        self.memory.timer.value = delay * 1000
        return more
