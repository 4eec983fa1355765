"""Output streams and the list of workers, shared by all workers in an interpreter."""

from __future__ import annotations

import json
from typing import Protocol

from taipan.control import Message
from taipan.logs import Logs, Requests, plain_text, write_all
from taipan.native import get_ident, socket

#: Output descriptors of the process without a reader.
_stuck: set[int] = set()
#: Time that the end of the process waits for a reader of its output.
_PATIENCE_SECONDS = 5.0


class Generation(Protocol):
    """A worker inside Node, as the others see it."""

    def send(self, message: Message) -> None:
        """Sends a message to Node."""


class Shared:
    """The shared state of an interpreter."""

    def __init__(self) -> None:
        self.requests = Requests()
        self.logs = Logs(self._emit, self.requests)
        #: Present workers, newest last.
        self.generations: list[Generation] = []
        self._owners: dict[int, Generation] = {}
        self._installed = False
        #: The process is ending, so Node reads no more messages.
        self.leaving = False
        #: To the parent of this process, which goes on when Node's thread is held.
        self.parent: socket | None = None

    def enter(self, generation: Generation) -> None:
        """Registers a worker; it gets the output of threads that belong to no other one."""
        if not self._installed:
            self._installed = True
            self.logs.install()
        self.generations.append(generation)

    def leave(self, generation: Generation) -> None:
        """Unregisters a worker."""
        if generation in self.generations:
            self.generations.remove(generation)
        for ident in [ident for ident, owner in self._owners.items() if owner is generation]:
            del self._owners[ident]

    def own_thread(self, generation: Generation, ident: int) -> None:
        """Assigns the output of a thread to a worker."""
        self._owners[ident] = generation

    @property
    def current(self) -> Generation | None:
        """The worker that the calling thread belongs to."""
        owner = self._owners.get(get_ident())
        if owner is not None:
            return owner
        return self.generations[-1] if self.generations else None

    def _emit(self, record: dict[str, object]) -> None:
        generation: Generation | None = None if self.leaving else self.current
        if generation is None:
            write_record(record)
        else:
            generation.send(record)


def tell_past_node(record: Message) -> None:
    """Has a log record written that Node cannot take now: by the parent, or to standard error."""
    if shared.parent is None:
        write_record(record)
    else:
        tell_parent(record)


def tell_parent(message: Message) -> None:
    """Tells the parent of this process, if it has one, what Node cannot be told now."""
    if shared.parent is None:
        return
    try:
        shared.parent.sendall(json.dumps(message).encode("ascii") + b"\n")
    except OSError:
        # It has gone, or takes nothing.
        shared.parent = None


def write_record(record: Message) -> None:
    """Writes a log record without Node."""
    descriptor = 1 if record["stream"] == "stdout" else 2
    text = plain_text(record).encode("utf-8", "replace")
    try:
        if descriptor not in _stuck:
            if not write_all(descriptor, text, _PATIENCE_SECONDS):
                _stuck.add(descriptor)
    except OSError:
        _stuck.add(descriptor)


shared = Shared()
