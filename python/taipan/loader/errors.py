"""What can be wrong with a target."""

from __future__ import annotations


class TargetError(Exception):
    """The target names nothing that can be called; the message says what to do."""


class Refusal(Exception):
    """A request that chose its callable wrongly; answered with `status`, without a traceback."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
