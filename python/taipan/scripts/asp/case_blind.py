"""Members whose names are case-blind, as those of objects of ASP."""

from __future__ import annotations

from typing import Any, ClassVar


class CaseBlind:
    """`Response.Write` and `Response.write` are the same; what is no property cannot be set."""

    _members: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls) -> None:
        cls._members = {name.lower(): name for name in dir(cls) if name[0] != "_"}

    def __getattr__(self, name: str) -> Any:
        known = self._members.get(name.lower(), name)
        if known == name:
            raise AttributeError(f"{type(self).__name__} has no member {name}")
        return getattr(self, known)

    def __setattr__(self, name: str, value: Any) -> None:
        if name[0] != "_":
            name = self._members.get(name.lower(), name)
            member = getattr(type(self), name, None)
            if not isinstance(member, property) or member.fset is None:
                raise AttributeError(f"{type(self).__name__}.{name} cannot be set")
        super().__setattr__(name, value)


class Flag(int):
    """True or False, with and without the parentheses of a call."""

    def __call__(self) -> bool:
        return bool(self)
