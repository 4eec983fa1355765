"""Levels of the log."""

from __future__ import annotations

from taipan.scripts.mod_python import constants


def level_name(level: int) -> str:
    """The level of the server's log for one as `apache.APLOG_ERR`."""
    # A ninth bit, APLOG_NOERRNO, meant something once.
    number = level & 7
    if number <= constants.APLOG_ERR:
        return "error"
    if number == constants.APLOG_WARNING:
        return "warning"
    return "debug" if number == constants.APLOG_DEBUG else "info"
