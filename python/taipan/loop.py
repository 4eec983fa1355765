"""The event loop of a worker process: which one it is, and its life."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Callable

from taipan.at_fork import end_returned_child
from taipan.loader.errors import Explained
from taipan.native import socket
from taipan.selector_loop import SelectorLoop
from taipan.serving import Serving
from taipan.tracebacks import format_exception
from taipan.transports.loop_socket import LoopSocket

if TYPE_CHECKING:
    from taipan.asgi.hub import StreamHub

#: The kernel may give a signal to another thread, and nothing wakes the loop then.
_WAKE_SECONDS = 1.0


class LoopError(Explained):
    """The loop that was asked for cannot be had; the message says why."""


def create_loop(choice: str) -> tuple[asyncio.AbstractEventLoop, str]:
    """A new event loop for `auto`, `asyncio` or `uvloop`, and its name. Raises `LoopError`."""
    if choice != "asyncio":
        try:
            import uvloop  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            if choice == "uvloop":
                raise LoopError(
                    f"the event loop uvloop cannot be imported ({error}): install it with"
                    " 'pip install uvloop', or choose '--loop auto' or '--loop asyncio'"
                ) from None
        else:
            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
            return loop, "uvloop"
    return SelectorLoop(), "asyncio"


class LoopRunner:
    """Runs the ASGI applications of a worker on the event loop of the calling thread.

    Made before the applications are loaded: what they make at import belongs to this loop.
    """

    def __init__(self, serving: Serving, sock: socket, on_broken: Callable[[str], None]) -> None:
        self._serving = serving
        self._error: LoopError | None = None
        try:
            self._loop, self._name = create_loop(str(serving.config.get("loop", "auto")))
        except LoopError as error:
            # No matter if there is no ASGI application.
            self._error = error
            self._loop, self._name = create_loop("asyncio")
        self._socket = sock
        self._on_broken = on_broken
        self._transport: LoopSocket | None = None
        self._hub: StreamHub | None = None
        self._stopping = False
        asyncio.set_event_loop(self._loop)

    def start(self) -> None:
        """Starts the lifespans. Raises what keeps all applications from being served on it."""
        # Not for WSGI alone.
        from taipan.asgi.hub import StreamHub

        if self._error is not None:
            raise self._error
        if self._loop.is_closed():
            # The application had run it while it was imported, and was done with it.
            self._loop, self._name = create_loop(self._name)
        # `asyncio.run` in an import leaves none.
        asyncio.set_event_loop(self._loop)
        serving = self._serving
        serving.loop = self._name
        transport = LoopSocket(self._loop, self._socket, self._on_broken)
        hub = StreamHub(serving.slots, serving.settings, transport.on_output)
        serving.find_stream = hub.find
        self._loop.run_until_complete(hub.startup())
        self._hub, self._transport = hub, transport
        transport.start(hub)
        self._wake()

    def run(self) -> None:
        """Serves until `stop` is called. Whatever a signal handler raises comes out of it."""
        while not self._stopping:
            self._loop.run_forever()

    def stop(self) -> None:
        """Ends `run`. Any thread may call it, and signal handlers."""
        self._stopping = True
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    def end(self, deadline: float) -> None:
        """Ends the lifespans and whatever is left on the loop; its executor may work until then."""
        if self._hub is None or self._transport is None:
            return
        try:
            self._loop.run_until_complete(self._hub.shutdown(deadline=deadline))
        except BaseException as error:
            self._serving.logs.report(
                "error", "the event loop did not end well", format_exception(error)
            )
        self._transport.flush()

    def forget_in_child(self) -> None:
        """Threads of executors would take back what they did in a child, and wait for ever."""
        self._loop.call_soon_threadsafe = end_returned_child  # type: ignore[assignment,method-assign]

    def _wake(self) -> None:
        self._loop.call_later(_WAKE_SECONDS, self._wake)
