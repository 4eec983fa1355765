"""Looks at the disk, which requests that came together share, as in `src/pipeline/looks.ts`.

None of them was sent after the answer to another, so that a look for one of them shows all that
the others have to see. Requests have numbers; a look is for all that were numbered before it.
"""

from __future__ import annotations

import os
import stat
from typing import Protocol

from taipan.native import get_ident


class Receiver(Protocol):
    """What a thread receives its requests by."""

    #: The number of the present request; None once its code may have changed files.
    arrival: int | None


_LIMIT = 1024

_receivers: dict[int, Receiver] = {}
_latest = 0
#: What was at a path, and the highest number before the look.
_looks: dict[str, tuple[int, os.stat_result | None]] = {}


def look(path: str) -> os.stat_result | None:
    """What is at an absolute path; None if nothing is, or it cannot be found out."""
    receiver = _receivers.get(get_ident())
    arrival = None if receiver is None else receiver.arrival
    if arrival is None:
        return examine(path)
    known = _looks.get(path)
    if known is not None and arrival <= known[0]:
        return known[1]
    latest = _latest
    found = examine(path)
    if len(_looks) >= _LIMIT:
        _looks.clear()
    _looks[path] = latest, found
    return found


def examine(path: str) -> os.stat_result | None:
    """As `look`, which nobody shares."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def is_file(path: str) -> bool:
    """Whether a regular file is at an absolute path."""
    found = look(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def is_folder(path: str) -> bool:
    """Whether a folder is at an absolute path."""
    found = look(path)
    return found is not None and stat.S_ISDIR(found.st_mode)


def forget_looks() -> None:
    """Makes all further looks of the caller's request new ones, because its code runs now."""
    receiver = _receivers.get(get_ident())
    if receiver is not None:
        receiver.arrival = None


def count_arrival() -> int:
    """The number for requests that have just been received."""
    # Threads may get the same one, each after its requests have come.
    global _latest
    _latest += 1
    return _latest


def note_receiver(receiver: Receiver | None) -> None:
    """Tells what the calling thread receives requests by."""
    if receiver is None:
        _receivers.pop(get_ident(), None)
    else:
        _receivers[get_ident()] = receiver
