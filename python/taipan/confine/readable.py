"""Which files a user cannot reach."""

from __future__ import annotations

import os

_MOST_LINKS = 40


def explain_unreadable(path: str, what: str, who: str) -> str | None:
    """One sentence about the first thing on the way to `path` that is closed to this process.

    None if it can read all, or if `path` does not exist, which others tell better.
    """
    first = _find_unreadable(os.path.abspath(path), 0)
    if first is None:
        return None
    if first == os.path.abspath(path):
        return f"{who} cannot read {what} {path}; let that user read it, or move it"
    return (
        f"{who} cannot read {what} {path}, because {first} is closed to that user;"
        " let that user enter it, or move what is needed out of it"
    )


def _find_unreadable(path: str, links: int) -> str | None:
    parts = path.split(os.sep)[1:]
    place = os.sep
    for index, part in enumerate(parts):
        if not os.access(place, os.X_OK):
            return place
        place = os.path.join(place, part)
        if os.path.islink(place) and links < _MOST_LINKS:
            target = os.path.join(os.path.dirname(place), os.readlink(place))
            rest = parts[index + 1 :]
            return _find_unreadable(os.path.normpath(os.path.join(target, *rest)), links + 1)
        if not os.path.lexists(place):
            return None
    wanted = os.R_OK | os.X_OK if os.path.isdir(place) else os.R_OK
    return None if os.access(place, wanted) else place
