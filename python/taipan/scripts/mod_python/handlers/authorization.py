"""`AuthName` and `Require`."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from taipan.scripts.request.credentials import format_challenge

_REALM = "Restricted"


class Authorization(NamedTuple):
    """What a route asks of its clients."""

    realm: str
    #: As `Require` says it: `valid-user`, `user NAME ...`, `group NAME ...`.
    require: tuple[str, ...]

    @property
    def challenge(self) -> str:
        """The field `WWW-Authenticate`."""
        return format_challenge(self.realm)

    def admits(self, user: str) -> bool:
        """Whether one of the lines is for the user. Groups are known to handlers only."""
        return any(_is_for(line, user) for line in self.require)


def find_authorization(config: Mapping[str, Any], *, asks: bool) -> Authorization | None:
    """That of a route; None if it asks nobody. `asks`: it has a handler for it."""
    auth = config.get("auth")
    if auth is None:
        return Authorization(_REALM, ("valid-user",)) if asks else None
    require: Sequence[str] = auth["require"]
    return Authorization(auth["realm"] or _REALM, tuple(require))


def _is_for(line: str, user: str) -> bool:
    try:
        kind, *names = shlex.split(line)
    except ValueError:
        return False
    return kind == "valid-user" or (kind == "user" and user in names)
