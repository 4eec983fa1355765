"""Conditional requests (RFC 9110, 13)."""

from __future__ import annotations

import re
from typing import NamedTuple

from taipan.connection.times import parse_time
from taipan.scripts.mod_python import constants
from taipan.scripts.mod_python.finfo import FileInfo
from taipan.scripts.mod_python.tables import Table

_TAG = re.compile(r'(W/)?("[^"]*")')


class Copy(NamedTuple):
    """What would be sent."""

    etag: str | None
    #: Seconds of the epoch.
    mtime: float
    now: float


def make_etag(finfo: FileInfo, mtime: float) -> str:
    """The tag of a file, or of something that is in none."""
    if finfo.size is None:
        return f'"{int(mtime * 1_000_000):x}"'
    return f'"{finfo.tag}"'


def check_conditions(method: str, fields: Table, copy: Copy) -> int:
    """`OK`, or the status of the answer."""
    if not _is_wanted(fields, copy):
        return constants.HTTP_PRECONDITION_FAILED
    reads = method in ("GET", "HEAD")
    none_match = _field(fields, "If-None-Match")
    if none_match is not None:
        if not _matches(none_match, copy.etag, weak=reads):
            return constants.OK
        return constants.HTTP_NOT_MODIFIED if reads else constants.HTTP_PRECONDITION_FAILED
    since = parse_time(_field(fields, "If-Modified-Since") or "") if reads else None
    known = since is not None and int(copy.mtime) <= since <= copy.now
    return constants.HTTP_NOT_MODIFIED if known else constants.OK


def _is_wanted(fields: Table, copy: Copy) -> bool:
    match = _field(fields, "If-Match")
    if match is not None:
        return _matches(match, copy.etag, weak=False)
    since = parse_time(_field(fields, "If-Unmodified-Since") or "")
    return since is None or int(copy.mtime) <= since


def _field(fields: Table, name: str) -> str | None:
    value: str | None = fields.get(name)
    return value


def _matches(tags: str, etag: str | None, *, weak: bool) -> bool:
    if tags.strip() == "*":
        return True
    own = _TAG.fullmatch(etag or "")
    if own is None or (own[1] and not weak):
        return False
    return any(tag == own[2] and (weak or not is_weak) for is_weak, tag in _TAG.findall(tags))
