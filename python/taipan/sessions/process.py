"""The sessions of this process."""

from __future__ import annotations

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
