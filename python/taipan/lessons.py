"""What a process that ends with its request tells the one that it was forked from.

Facts that later processes would have to find out again: they are told once, and are there at
their start.
"""

from __future__ import annotations

from typing import Callable

_learners: dict[str, Callable[[str], object]] = {}
_tell: Callable[[str, str], None] | None = None


def learn_by(subject: str, learn: Callable[[str], object]) -> None:
    """Has `learn` called with each fact of a subject that a child teaches."""
    _learners[subject] = learn


def teach_by(tell: Callable[[str, str], None] | None) -> None:
    """Gives a child the way to its template; elsewhere `teach` does nothing."""
    global _tell
    _tell = tell


def teach(subject: str, fact: str) -> None:
    """Tells the template a fact."""
    if _tell is not None:
        _tell(subject, fact)


def take_lesson(subject: str, fact: str) -> None:
    """Learns a fact. One that is wrong by now is no error."""
    learn = _learners.get(subject)
    if learn is not None:
        try:
            learn(fact)
        except Exception:
            pass
