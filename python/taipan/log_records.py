"""Records of Python's `logging` that no handler of the application takes."""

from __future__ import annotations

import functools
import logging
import sys
from typing import Any, Callable

from taipan.json_values import copy_fields
from taipan.tracebacks import TEXT_LIMIT, format_exception, shorten, summarize

#: What every record has; anything else is of the application.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))
#: Names of levels that the level of the log says as well.
_USUAL_NAMES = frozenset({"DEBUG", "INFO", "WARNING", "ERROR"})

Take = Callable[[logging.LogRecord], None]


class _NoLock:
    """For a handler that has nothing to guard. eventlet counts locks that it does not find."""

    def acquire(self) -> None:
        """Nothing to wait for."""

    def release(self) -> None:
        """Nobody waits."""

    def __enter__(self) -> None:
        """As `acquire`."""

    def __exit__(self, *_: object) -> None:
        """As `release`."""


class RecordHandler(logging.Handler):
    """Passes records on as they are, without a text form of its own."""

    def __init__(self, level: int, take: Take) -> None:
        super().__init__(level)
        self._take = take

    def createLock(self) -> None:  # noqa: N802
        """Has none: whoever takes the records may be called by several threads."""
        self.lock = _NoLock()  # type: ignore[assignment]

    def emit(self, record: logging.LogRecord) -> None:
        """Passes on one record."""
        try:
            self._take(record)
        except RecursionError:
            raise
        except Exception:
            self.handleError(record)


def describe_record(record: logging.LogRecord) -> dict[str, object]:
    """Level, logger, text, fields and traceback of a record; all bounded, and as JSON can hold."""
    known: dict[str, object] = {
        "level": next((name for least, name in _LEVELS if record.levelno >= least), "debug"),
        "logger": shorten(str(record.name), 1024),
        "text": shorten(_format_message(record), TEXT_LIMIT),
    }
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    if record.levelname not in _USUAL_NAMES:
        given.setdefault("levelname", record.levelname)
    if given:
        known["fields"] = copy_fields(given)
    traceback = _format_traceback(record)
    if traceback:
        known["traceback"] = traceback
    return known


def _format_message(record: logging.LogRecord) -> str:
    """The message; with its arguments behind it when they do not fit into it."""
    try:
        return record.getMessage()
    except Exception as error:
        where = f"{record.pathname}, line {record.lineno}"
        return f"{record.msg} {record.args!r} ({summarize(error)}, {where})"


def _format_traceback(record: logging.LogRecord) -> str:
    error = record.exc_info[1] if record.exc_info else None
    # A handler for queues leaves its text alone.
    traceback = record.exc_text or "" if error is None else format_exception(error)
    stack = record.stack_info or ""
    return shorten("\n".join(part.rstrip("\n") for part in (traceback, stack) if part), TEXT_LIMIT)


def take_over(take: Take) -> None:
    """Takes the places of the handlers that Python uses as long as none is configured.

    These are `logging.lastResort`, for records of WARNING and above, and the one that
    `logging.warning()` and the like put on the root. What the application configures is its own.
    """
    logging.lastResort = RecordHandler(logging.WARNING, take)
    implied = RecordHandler(logging.NOTSET, take)
    configure = logging.basicConfig

    @functools.wraps(configure)
    def basic_config(**options: Any) -> None:
        if not options and sys._getframe(1).f_globals is vars(logging):
            if not logging.root.handlers:
                logging.root.addHandler(implied)
            return
        # It would do nothing beside another handler.
        logging.root.removeHandler(implied)
        configure(**options)

    logging.basicConfig = basic_config
