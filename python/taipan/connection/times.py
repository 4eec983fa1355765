"""Times in header fields."""

from __future__ import annotations

from datetime import datetime, timezone
from email.utils import formatdate, parsedate_to_datetime


def format_time(time: float | datetime) -> str:
    """A time in a header field, from seconds of the epoch."""
    return formatdate(seconds_of(time), usegmt=True)


def parse_time(text: str) -> int | None:
    """Seconds of the epoch; None for what is no time. One without a zone is GMT (RFC 9110, 5.6.7).

    That is so in the form of `asctime()`.
    """
    try:
        found = parsedate_to_datetime(text)
        zoned = found if found.tzinfo is not None else found.replace(tzinfo=timezone.utc)
        return seconds_of(zoned)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def seconds_of(time: float | datetime) -> int:
    """Whole seconds of the epoch, as header fields have them."""
    return int(time.timestamp() if isinstance(time, datetime) else time)
