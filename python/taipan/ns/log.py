"""`Ns.Log`."""

from __future__ import annotations

from taipan.ns.constants import OK, Bug, Fatal
from taipan.scripts.request.current import require_request

#: Levels of the log, by severity.
_LEVELS = ("info", "warning", "error", "error", "error", "debug")
_NAMES = ("notice", "warning", "error", "fatal", "bug", "debug")


def Log(severity: int | str, message: object, *values: object) -> int:
    """Writes to the log of the server. `severity` is a constant such as `Ns.Warning`, or its name.

    With `values` the message is a format. Raises `ValueError` for an unknown severity.
    """
    name = str(severity).lower()
    index = _NAMES.index(name) if name in _NAMES else severity
    if not isinstance(index, int) or not 0 <= index < len(_LEVELS):
        raise ValueError(f"the severity {severity!r} is none of Notice, Warning, Error, ...")
    text = str(message) % values if values else str(message)
    level = _LEVELS[index]
    shown = f"{_NAMES[index]}: {text}" if index in (Fatal, Bug) else text
    require_request().settings.reporter.report(level, shown)
    return OK
