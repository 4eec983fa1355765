"""What can be wrong with a target."""

from __future__ import annotations


class Explained(Exception):
    """An application cannot be served; the message tells people why, without a traceback."""

    #: What there is to say besides.
    details = ""


class TargetError(Explained):
    """The target names nothing that can be called; the message says what to do."""


class NotLoaded(Exception):
    """The application could not be loaded when that was tried last; `error` is the reason."""

    def __init__(self, error: BaseException) -> None:
        super().__init__("the application could not be loaded when that was tried last")
        self.error = error


class Refusal(Exception):
    """A request that chose its callable wrongly; answered with `status`, without a traceback."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
