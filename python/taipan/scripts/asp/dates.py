"""Dates as pages write them."""

from __future__ import annotations

from datetime import date, datetime, timezone
from email.utils import format_datetime, parsedate_to_datetime
from typing import Union

When = Union[str, int, float, date]

_FORMATS = (
    *("%m/%d/%Y", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%B %d, %Y", "%B %d, %Y %H:%M:%S"),
    *("%b %d, %Y", "%b %d, %Y %H:%M:%S", "%d %B %Y", "%d %b %Y", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S"),
)


def format_when(when: When) -> str:
    """A date for a header field; one without a zone is that of the server. Raises `ValueError`.

    Besides dates there are seconds since 1970, and texts such as `1/31/2030` and `May 31, 2030`.
    """
    try:
        moment = _moment(when)
        return format_datetime(moment.astimezone(timezone.utc), usegmt=True)
    except (OverflowError, OSError):
        raise ValueError(f"{when!r} is out of the range of dates") from None


def _moment(when: When) -> datetime:
    if isinstance(when, datetime):
        return when
    if isinstance(when, date):
        return datetime(when.year, when.month, when.day)
    if isinstance(when, (int, float)):
        return datetime.fromtimestamp(when, timezone.utc)
    text = str(when).strip().strip("#")
    for parse in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return parse(text)
        except (ValueError, TypeError, IndexError):
            pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form)
        except ValueError:
            pass
    raise ValueError(f"{when!r} is no date; write one like May 31, 2030, or use datetime")
