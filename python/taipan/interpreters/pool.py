"""The sub-interpreters of a worker, and which application runs in which."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any, Callable

from taipan.control import ControlChannel, Message
from taipan.events import Reporter
from taipan.interpreters.interpreter import Interpreter
from taipan.interpreters.limits import limit_main
from taipan.interpreters.names import OF_THREAD, find_interpreters, interpreter_of
from taipan.interpreters.stand_in import StandIn
from taipan.loader.slot import Slot
from taipan.native import socket

#: For atexit handlers, after threads had their time.
_ENDING_SECONDS = 1.0


class Interpreters:
    """Applications that name the same one share it, and all threads of the worker enter it.

    Where requests are isolated by interpreters each thread has its own, for all applications.
    """

    def __init__(
        self,
        channel: ControlChannel,
        config: Mapping[str, Any],
        sockets: Sequence[socket],
        on_broken: Callable[[str], None],
    ) -> None:
        self._channel = channel
        self._sockets = sockets
        #: Where the threads are; None: in the main interpreter.
        self._places: list[Interpreter | None] = [None for _ in sockets]
        self._all: list[Interpreter] = []
        named: dict[str | None, list[Interpreter] | None] = {None: None}
        for name in find_interpreters(config):
            named[name] = made = []
            for label in _list_labels(name, len(sockets)):
                take = partial(self._take, len(self._all))
                made.append(Interpreter(label, {**config, "own": name}, take, on_broken))
                self._all.append(made[-1])
        #: By application: the one of each thread, or one for all threads.
        self._of_application = [
            named[interpreter_of(item, config)] for item in config["applications"]
        ]

    def start(self) -> None:
        """Starts them."""
        limit_main()
        for interpreter in self._all:
            interpreter.start(list(sys.path))

    def stand_ins(self, applications: Sequence[Mapping[str, Any]]) -> dict[int, Slot]:
        """What stands here for the applications that run in sub-interpreters, by their index."""
        return {
            index: StandIn(applications[index], partial(_load, interpreters, index))
            for index, interpreters in enumerate(self._of_application)
            if interpreters is not None
        }

    def serve(self, thread: int, application: int, state: bytes) -> bytes | None:
        """Lets a sub-interpreter serve the socket of a thread until it gets other requests.

        `state` is what `ThreadSocket.leave` gives. None when the socket has been closed.
        """
        interpreters = self._of_application[application]
        assert interpreters is not None
        interpreter = interpreters[thread % len(interpreters)]
        self._places[thread] = interpreter
        try:
            return interpreter.serve(thread, self._sockets[thread].fileno(), state)
        finally:
            self._places[thread] = None

    def pass_on(self, thread: int, message: Message) -> bool:
        """Passes a message on to where the thread is; False if it is here."""
        interpreter = self._places[thread]
        if interpreter is not None:
            interpreter.send(message)
        return interpreter is not None

    def tell(self, message: Message) -> None:
        """Passes a message on to all of them."""
        for interpreter in self._all:
            interpreter.send(message)

    def ping(self, message: Message) -> None:
        """Answers a ping of Node when all of them have answered it, one after the other."""
        self._ping(0, message["id"])

    def stop(self, deadline: float) -> None:
        """Begins to end them as the main interpreter is ended."""
        for interpreter in self._all:
            interpreter.stop(deadline)

    def join(self, deadline: float, reporter: Reporter) -> None:
        """Waits for their end, a moment longer than until `deadline` (`monotonic()`)."""
        for interpreter in self._all:
            if not interpreter.join(deadline + _ENDING_SECONDS - monotonic()):
                reporter.report("warning", f"did not end in time: the {interpreter.label}")

    def _ping(self, position: int, number: int) -> None:
        if position < len(self._all):
            self._all[position].send({"type": "ping", "id": number})
        else:
            self._channel.send({"type": "pong", "id": number})

    def _take(self, position: int, message: Message) -> None:
        if message["type"] == "pong":
            self._ping(position + 1, message["id"])
        else:
            self._channel.send(message)


def _list_labels(name: str, threads: int) -> list[str]:
    if name == OF_THREAD:
        return [f"sub-interpreter of thread {thread}" for thread in range(threads)]
    return [f'sub-interpreter "{name}"']


def _load(interpreters: list[Interpreter], index: int) -> Message:
    for interpreter in interpreters:
        interpreter.begin_load(index)
    found = [interpreter.end_load() for interpreter in interpreters]
    return next((one for one in found if one["facts"]["failure"]), found[0])
