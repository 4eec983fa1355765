"""Lengths in the protocol: nine decimal digits."""

from __future__ import annotations

import re
from typing import Final

from taipan.lrwp.errors import AgentError, show_bytes

#: Bytes of a length.
LENGTH_SIZE: Final = 9
#: Most bytes of a part: what nine digits can tell.
PART_LIMIT: Final = 999_999_999
_DIGITS: Final = re.compile(rb"[0-9]{9}")


def format_length(length: int) -> bytes:
    """The digits of a length up to `PART_LIMIT`."""
    return b"%09d" % length


def parse_length(digits: bytes) -> int:
    """The length that the digits tell. Raises `AgentError`."""
    if _DIGITS.fullmatch(digits) is None:
        raise AgentError(f"it sent {show_bytes(digits)!r} for a length of nine digits")
    return int(digits)
