"""Settings of sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

_SAME_SITE = {"lax": "Lax", "strict": "Strict", "none": "None"}


class SessionSettings(NamedTuple):
    """The same for all requests of a server."""

    #: `sqlite:FILE`, or the URL of a Redis.
    store: str
    #: Absolute path of a folder that is made for the file at the first use; None: it is there.
    directory: str | None = None
    #: The process that removes this folder; 0: nobody does.
    owner: int = 0
    #: Name of the cookie.
    cookie: str = "sid"
    #: Seconds without a request after which a session ends.
    lifetime: float = 1800.0
    #: Longest time in seconds that a request waits for another one of its session.
    lock_timeout: float = 10.0
    #: Longest encoded session in bytes.
    limit: int = 1024 * 1024
    #: Path of the cookie; None: the place of the folder of scripts.
    path: str | None = None
    #: Domain of the cookie; None: the host of the request alone.
    domain: str | None = None
    #: Value of the attribute SameSite.
    same_site: str = "Lax"


def read_settings(config: Mapping[str, Any]) -> SessionSettings:
    """The settings in the message that configures a worker, `src/core/sessions.ts`."""
    return SessionSettings(
        store=str(config["store"]),
        directory=config.get("directory"),
        owner=config.get("owner", 0),
        cookie=str(config["cookie"]),
        lifetime=config["lifetime"] / 1000,
        lock_timeout=config["lockTimeout"] / 1000,
        limit=int(config["limit"]),
        path=config.get("path"),
        domain=config.get("domain"),
        same_site=_SAME_SITE[config["sameSite"]],
    )
