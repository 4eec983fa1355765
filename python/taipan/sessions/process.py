"""The sessions of this process."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from taipan.native import allocate_lock
from taipan.sessions.errors import SessionError

if TYPE_CHECKING:
    from taipan.sessions.sessions import Sessions

_MUTEX = allocate_lock()
_config: Mapping[str, Any] | None = None
_sessions: Sessions | None = None


def configure_sessions(config: Mapping[str, Any] | None) -> None:
    """Sets what the first use opens: `sessions` of the message that configures a worker."""
    global _config, _sessions
    if config != _config:
        _config, _sessions = config, None


def find_missing() -> str:
    """What has to be installed for the store; empty if nothing is missing."""
    if _config is None or str(_config["store"]).startswith("sqlite:"):
        return ""
    if importlib.util.find_spec("redis") is not None:
        return ""
    return "sessions.store names a Redis, but this Python has no package redis: pip install redis"


def process_sessions() -> Sessions:
    """The sessions of this process. Raises `SessionError` where none are configured."""
    global _sessions
    if _sessions is None:
        from taipan.sessions.sessions import Sessions
        from taipan.sessions.settings import read_settings

        if _config is None:
            raise SessionError("sessions exist only in folders of scripts that Taipan serves")
        with _MUTEX:
            _sessions = _sessions or Sessions(read_settings(_config))
    return _sessions
