"""Which files pages include as they are."""

from __future__ import annotations

import mimetypes

_TYPES = frozenset(
    (
        "text/html text/plain text/css text/javascript text/xml text/csv text/markdown"
        " application/json application/javascript application/xml application/xhtml+xml"
        " image/svg+xml"
    ).split()
)


def is_text_file(path: str) -> bool:
    """Whether a file is text for browsers by its extension; sources are none."""
    return mimetypes.guess_type(path)[0] in _TYPES
