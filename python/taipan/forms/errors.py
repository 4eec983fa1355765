"""What is wrong with a form."""

from __future__ import annotations

from typing import Final

MALFORMED: Final = 400
TOO_LARGE: Final = 413


class FormError(ValueError):
    """A form that is malformed, or larger than allowed. `status` suits a response: 400 or 413."""

    def __init__(self, message: str, status: int = MALFORMED) -> None:
        super().__init__(message)
        self.status = status
