"""A sub-interpreter of this process, as the main interpreter sees it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from taipan.control import ControlChannel, Message
from taipan.interpreters import private
from taipan.interpreters.link import Link
from taipan.interpreters.start import call
from taipan.native import NativeThread, SimpleQueue, allocate_lock, socketpair


class Interpreter:
    """Starts a sub-interpreter, and speaks with it as Node speaks with a worker.

    `config` is its configuration, `take` takes its messages for others, and `on_broken` is called
    with the reason when it can serve nothing any more.
    """

    def __init__(
        self,
        label: str,
        config: Mapping[str, Any],
        take: Callable[[Message], None],
        on_broken: Callable[[str], None],
    ) -> None:
        self.label = label
        self._config = config
        self._take = take
        self._on_broken = on_broken
        near, far = socketpair()
        self._channel = ControlChannel(near)
        # It belongs to the sub-interpreter, in which there is another object for it.
        self._inside = far.detach()
        self._loaded: SimpleQueue[Message] = SimpleQueue()
        self._links: dict[int, Link] = {}
        #: Held until its end.
        self._running = allocate_lock()
        self._running.acquire()
        self._interpreter: object = None

    def start(self, path: list[str]) -> None:
        """Starts it, with this `sys.path`."""
        NativeThread(self._run, f"taipan-{self.label}", (path,), listed=False).start()
        self._channel.send({"type": "configure", **self._config})
        NativeThread(self._relay, f"taipan-{self.label}-control", listed=False).start()

    def begin_load(self, index: int) -> None:
        """Has it load the application of this index."""
        self._channel.send({"type": "load", "application": index})

    def end_load(self) -> Message:
        """Waits until that is done; returns what there is to tell Node of the application."""
        return self._loaded.get()

    def serve(self, thread: int, descriptor: int, state: bytes) -> bytes | None:
        """Lets it serve the socket of a thread, until there is a request that runs elsewhere.

        None when the socket has been closed.
        """
        link = self._links.get(thread) or self._connect(thread, descriptor)
        link.send(state)
        return link.receive()

    def send(self, message: Message) -> None:
        """Sends a message of Node."""
        self._channel.send(message)

    def stop(self, deadline: float) -> None:
        """Begins its end; its threads may run until then (`monotonic()`)."""
        self._channel.send({"type": "stop", "deadline": deadline})

    def join(self, seconds: float) -> bool:
        """Waits for its end; False if that takes longer."""
        return self._running.acquire(True, max(0.0, seconds))

    def _connect(self, thread: int, descriptor: int) -> Link:
        near, far = socketpair()
        self._links[thread] = link = Link(near)
        self._channel.send(
            {"type": "thread", "thread": thread, "socket": descriptor, "link": far.detach()}
        )
        return link

    def _run(self, path: list[str]) -> None:
        try:
            self._interpreter = private.create()
            call(self._interpreter, path, "taipan.interpreters.inside:main", self._inside)
        except BaseException as error:
            self._on_broken(f"the {self.label} has failed: {error}")

    def _relay(self) -> None:
        for message in self._channel.messages():
            kind = message.get("type")
            if kind == "loaded":
                self._loaded.put(message)
            elif kind == "ended":
                # Whatever it had to tell has come before.
                self._running.release()
            elif kind == "broken":
                self._on_broken(str(message.get("text")))
            else:
                self._take(message)
