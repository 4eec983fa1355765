"""Errors of targets and applications."""

from __future__ import annotations


class Explained(Exception):
    """An application cannot be served; the message explains why, without a traceback."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        #: More text for the log.
        self.details = details


class TargetError(Explained):
    """The target names nothing that can be called; the message explains what to do."""


class LeftOut(Explained):
    """An earlier process ended, or was held, while it loaded this: it is not tried in this one."""


class NotLoaded(Exception):
    """The last attempt to load the application failed; `error` is the reason."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("the last attempt to load the application failed")
        self.error = error


class Refusal(Exception):
    """A request selected its callable wrongly; the answer is `status`, without a traceback."""

    def __init__(self, status: int, message: str, record: str = "") -> None:
        super().__init__(message)
        self.status = status
        #: What the log says of it, and clients are not told.
        self.record = record
