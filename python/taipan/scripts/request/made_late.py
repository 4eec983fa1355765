"""Attributes that few requests need."""

from __future__ import annotations

from typing import Any, Callable, Generic, TypeVar

T = TypeVar("T")


class MadeLate(Generic[T]):
    """Makes the value when it is first asked for, one for all threads that ask at once.

    It is kept in another attribute, which is None until then, so that a look at that tells whether
    there is one: the dict of an object is made when it is asked for, and costs more than the
    object.
    """

    def __init__(self, kept: str, make: Callable[[], T]) -> None:
        self._kept = kept
        self._first = f"{kept} first"
        self._make = make

    def __get__(self, instance: Any, owner: type) -> T:
        found: T | None = getattr(instance, self._kept)
        if found is None:
            found = instance.__dict__.setdefault(self._first, self._make())
            setattr(instance, self._kept, found)
        return found
