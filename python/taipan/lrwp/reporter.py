"""The log of a program with peers: lines on standard error."""

from __future__ import annotations

import sys
import time

from taipan.native import allocate_lock


class LineReporter:
    """Writes records of all threads as lines that do not mix."""

    def __init__(self) -> None:
        self._lock = allocate_lock()

    def report(self, level: str, text: str, traceback: str | None = None) -> None:
        """Writes one record, and the traceback before it."""
        clock = time.strftime("%Y-%m-%d %H:%M:%S")
        record = f"{traceback or ''}{clock} {level}: {text}\n"
        with self._lock:
            try:
                sys.stderr.write(record)
                sys.stderr.flush()
            except (OSError, ValueError):
                pass  # nobody reads it any more

    def end_request(self) -> None:
        """Does nothing, because every record is whole."""
