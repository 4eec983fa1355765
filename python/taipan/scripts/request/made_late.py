"""Attributes that few requests need."""

from __future__ import annotations

from typing import Any, Callable, Generic, TypeVar

T = TypeVar("T")


class MadeLate(Generic[T]):
    """Makes the value when it is first asked for, one for all threads that ask at once."""

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type) -> T:
        made: T = instance.__dict__.setdefault(self._name, self._make())
        return made
