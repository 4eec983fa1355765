"""Which requests came together, so that they can share a look at the disk.

None of them was sent after the answer to another, so that a look for one of them shows all that
the others have to see. Requests have numbers; a look is for all that were numbered before it.
"""

from __future__ import annotations

from typing import Protocol

from taipan.native import get_ident


class Receiver(Protocol):
    """What a thread receives its requests by."""

    #: The number of the present request; None once its code may have changed files.
    arrival: int | None


_receivers: dict[int, Receiver] = {}
_latest = 0


def count_arrival() -> int:
    """The number for requests that have just been received."""
    # Threads may get the same one, each after its requests have come.
    global _latest
    _latest += 1
    return _latest


def latest_arrival() -> int:
    """The highest number."""
    return _latest


def note_receiver(receiver: Receiver | None) -> None:
    """Tells what the calling thread receives requests by."""
    if receiver is None:
        _receivers.pop(get_ident(), None)
    else:
        _receivers[get_ident()] = receiver


def take_arrival() -> int | None:
    """The number of the caller's request, before its code runs; None later, and for others."""
    receiver = _receivers.get(get_ident())
    if receiver is None:
        return None
    arrival, receiver.arrival = receiver.arrival, None
    return arrival
