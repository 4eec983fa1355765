"""What the functions of a script may return, as under mod_wsgi. Raises `GuardError` for all else.

The messages tell types only, because the values may be secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from taipan.guards.errors import GuardError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_DIGITS = {"MD5": 32, "SHA-256": 64}


def read_access(answer: object) -> bool:
    """Whether a client may come in; None is no objection."""
    if answer is None or isinstance(answer, bool):
        return answer is not False
    raise _refuse("allow_access", answer, "True, False or None")


def read_password_verdict(answer: object, user: str) -> str | None:
    """Who the client is; None if it may not come in."""
    if answer is None or isinstance(answer, bool):
        return user if answer else None
    if isinstance(answer, str) and answer and not _CONTROL.search(answer):
        return answer
    raise _refuse("check_password", answer, "True, False, None or the name of a user")


def read_secret(answer: object, algorithm: str) -> str | None:
    """The hash of user, realm and password in lower case; None for unknown users."""
    if answer is None:
        return None
    text = answer.decode("latin-1") if isinstance(answer, bytes) else answer
    digits = _DIGITS[algorithm]
    if isinstance(text, str) and re.fullmatch(f"[0-9A-Fa-f]{{{digits}}}", text, re.ASCII):
        return text.lower()
    raise _refuse(
        "get_realm_hash", answer, f"the {algorithm} hash in {digits} hexadecimal digits, or None"
    )


def read_groups(answer: object) -> list[str]:
    """Names of groups."""
    if isinstance(answer, Iterable) and not isinstance(answer, (str, bytes)):
        names = [
            name.decode("utf-8", "surrogateescape") if isinstance(name, bytes) else name
            for name in answer
        ]
        if all(isinstance(name, str) for name in names):
            return names
    raise _refuse("groups_for_user", answer, "an iterable of texts")


def read_choice(function: str, answer: object) -> str | None:
    """What a function has chosen; None: as usual."""
    if answer is None or isinstance(answer, str):
        return answer
    if isinstance(answer, bytes):
        return answer.decode("latin-1")
    raise _refuse(function, answer, "a text or None")


def _refuse(function: str, answer: object, expected: str) -> GuardError:
    found = type(answer).__name__
    return GuardError(f"{function} must return {expected}; it returned an object of type {found}")
