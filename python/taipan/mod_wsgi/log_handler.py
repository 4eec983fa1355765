"""`mod_wsgi.LogHandler`."""

from __future__ import annotations

import logging
import sys


class LogHandler(logging.Handler):
    """Writes records to the log of the server, with the request that they belong to."""

    def emit(self, record: logging.LogRecord) -> None:
        """Writes a record."""
        try:
            # Where Taipan puts the request into the log.
            sys.stderr.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)
