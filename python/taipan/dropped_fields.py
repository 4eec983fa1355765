"""Tells which fields of applications are dropped."""

from __future__ import annotations

from typing import Final

from taipan.events import Reporter

_reported: Final[set[str]] = set()


def report_dropped(names: tuple[str, ...], reporter: Reporter) -> None:
    """Logs a warning for each name, once in this process."""
    for name in names:
        if name.lower() not in _reported:
            _reported.add(name.lower())
            reporter.report(
                "warning",
                f"the application sets {name}, which concerns the connection and is dropped",
            )
