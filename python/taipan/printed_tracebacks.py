"""Tracebacks in what applications print."""

from __future__ import annotations

import re

_HEAD = re.compile(rb" *(\+ )?(?:Exception Group )?Traceback \(most recent call last\):")
_GROUP_SIZE = re.compile(rb"\((\d+) sub-exceptions?\)\n")
_GROUP_MEMBER = re.compile(rb"^(?:  \+-|    )\+-+ (\d+|\.\.\.) -+$", re.MULTILINE)
_GROUP_END = re.compile(rb"^ +\+-{36}\n\Z", re.MULTILINE)
_ANYWHERE = re.compile(
    # Something may stand before the head, as the time of the record.
    rb"Traceback \(most recent call last\):\r?\n +\S"
    # The frame that rich draws, also for structlog.
    rb"|\xe2\x94\x80 Traceback \(most recent call last\) \xe2\x94\x80"
    rb"|^[ |]*(?:\+ )?(?:Exception Group )?Traceback \(most recent call last\):"
    rb"|^[ |]*(?:\+ )?"
    rb"(?:During handling of the above exception|The above exception was the direct cause)",
    re.MULTILINE,
)


def begins_traceback(text: bytes) -> bool:
    """Whether the text begins with one."""
    return _HEAD.match(text) is not None


def belongs_to_traceback(text: bytes) -> bool:
    """Whether a line of the text belongs to one."""
    return _ANYWHERE.search(text) is not None


def find_end(text: bytes) -> int:
    """Where a traceback ends: behind the first line below its head that is not indented.

    0 when it goes on.
    """
    head = _HEAD.match(text)
    if head is not None and head[1]:
        return _end_of_group(text)
    at = text.find(b"\n") + 1
    while at:
        following = text.find(b"\n", at) + 1
        if following and text[at : at + 1] not in (b" ", b"\t", b"\n"):
            return text.rfind(b"\n") + 1
        at = following
    return 0


def _end_of_group(text: bytes) -> int:
    """All of a group of exceptions is indented."""
    numbers = _GROUP_MEMBER.findall(text)
    size = _GROUP_SIZE.search(text)
    # The last line of a group within this one may stand for the last line of this one, too.
    whole = size is not None and numbers and numbers[-1] in (size[1], b"...")
    return len(text) if whole and _GROUP_END.search(text) else 0
