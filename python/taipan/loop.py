"""Selects and runs the event loop of a worker process."""

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

#: The kernel may deliver a signal to another thread, which does not wake the loop.
_WAKE_SECONDS = 1.0


class LoopError(Explained):
    """The configured event loop is not available; the message explains why."""


def create_loop(choice: str) -> tuple[asyncio.AbstractEventLoop, str]:
    """A new event loop for `auto`, `asyncio` or `uvloop`, and its name. Raises `LoopError`."""
    if choice != "asyncio":
        try:
            import uvloop  # type: ignore[import-not-found,unused-ignore]
        except ImportError as error:
            if choice == "uvloop":
                raise LoopError(
                    f"the event loop uvloop cannot be imported ({error}): install it with"
                    " 'pip install uvloop', or use '--loop auto' or '--loop asyncio'"
                ) from None
        else:
            loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
            return loop, "uvloop"
    return SelectorLoop(), "asyncio"


class LoopRunner:
    """Runs the ASGI applications of a worker on the event loop of the calling thread.

    Make it before loading applications, so that what they create at import belongs to this loop.
    """

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._error: LoopError | None = None
        try:
            self._loop, self._name = create_loop(str(serving.config.get("loop", "auto")))
        except LoopError as error:
            # Matters only if there is an ASGI application.
            self._error = error
            self._loop, self._name = create_loop("asyncio")
        self._transport: LoopSocket | None = None
        self._hub: StreamHub | None = None
        self._stopping = False
        asyncio.set_event_loop(self._loop)

    def renew(self) -> None:
        """Makes the loop usable in a forked process, with what was scheduled at the import."""
        if isinstance(self._loop, SelectorLoop) and not self._loop.is_closed():
            self._loop.renew()
        elif self._error is None:
            # The loops of libuv cannot be renewed. There are no tasks on it, for it has not run.
            self._loop, self._name = create_loop(self._name)
        asyncio.set_event_loop(self._loop)

    def start(self, sock: socket, on_broken: Callable[[str], None]) -> None:
        """Starts the lifespans. Raises what prevents all applications from being served."""
        # Imported late, because workers with WSGI only do not need it.
        from taipan.asgi.hub import StreamHub

        if self._error is not None:
            raise self._error
        if self._loop.is_closed():
            # The application ran and closed the loop while it was imported.
            self._loop, self._name = create_loop(self._name)
        # `asyncio.run` during an import unsets the loop.
        asyncio.set_event_loop(self._loop)
        serving = self._serving
        serving.loop = self._name
        transport = LoopSocket(self._loop, sock, on_broken)
        hub = StreamHub(serving.slots, serving.settings, transport.on_output)
        serving.find_stream = hub.find
        self._loop.run_until_complete(hub.startup(serving.applications.tell_loading))
        self._hub, self._transport = hub, transport
        transport.start(hub)
        self._wake()

    def run(self) -> None:
        """Serves until `stop` is called. Exceptions of signal handlers are passed on."""
        while not self._stopping:
            self._loop.run_forever()

    def stop(self) -> None:
        """Ends `run`. Safe in any thread and in signal handlers."""
        self._stopping = True
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._loop.stop)

    def end(self, deadline: float) -> None:
        """Ends the lifespans and all tasks; the executor may work until `deadline`."""
        hub, self._hub = self._hub, None
        if hub is None or self._transport is None:
            return
        try:
            self._run_to_end(self._loop.create_task(hub.shutdown(deadline=deadline)))
        except BaseException as error:
            self._serving.logs.report(
                "error", "the event loop could not be closed", format_exception(error)
            )
        self._transport.flush()

    def _run_to_end(self, task: asyncio.Task[None]) -> None:
        """Runs the loop until the task is done, although `stop` may be called meanwhile."""
        while True:
            try:
                self._loop.run_until_complete(task)
                return
            except RuntimeError:
                if task.done():
                    raise

    def forget_in_child(self) -> None:
        """Disables the loop for executor threads in a forked child: they would wait forever."""
        self._loop.call_soon_threadsafe = end_returned_child  # type: ignore[assignment,method-assign]

    def _wake(self) -> None:
        self._loop.call_later(_WAKE_SECONDS, self._wake)
