"""Finds the values of secrets, and hides them wherever else they stand."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice
from typing import Any, Final, TypeVar

from taipan.error_page.masking import MASK, is_secret
from taipan.error_page.source import NO_COLUMNS, Excerpt
from taipan.tracebacks import is_own

#: Names of what people have chosen, which may be short and a word.
_CHOSEN: Final = re.compile(r"passw|passphrase|pwd|secret|credential", re.IGNORECASE)
_SHORTEST: Final = 6
#: Length of what machines have made; the values of names like `key` are shorter.
_MADE: Final = 16
_LONGEST: Final = 4096
_LIMIT: Final = 100
_FRAME_LIMIT: Final = 1000
_ITEM_LIMIT: Final = 100

T = TypeVar("T")


def is_telling(name: str, value: str) -> bool:
    """Whether the value of this name is a secret, and nothing else that stands in texts."""
    # Not the working directory, which is in PWD.
    if not _SHORTEST <= len(value) <= _LONGEST or os.path.exists(value):
        return False
    if _CHOSEN.search(name) is not None:
        # As in `password = "password"`.
        return not (value.isidentifier() and is_secret(value))
    is_made = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return is_made and len(value) >= _MADE and is_secret(name)


def find_secrets(errors: Iterable[BaseException]) -> set[str]:
    """Those in the variables of the frames and in the environment of the process."""
    found = _list_telling(os.environ)
    calls = (names for error in errors for names in _list_locals(error))
    for names in islice(calls, _FRAME_LIMIT):
        found |= _list_telling(names)
        for value in names.values():
            if type(value) is dict:
                found |= _list_telling(value)
    return found


def conceal(value: T, secrets: Iterable[str]) -> T:
    """The same, tuples of tuples, without these texts."""
    longest_first = sorted(set(secrets), key=len, reverse=True)[:_LIMIT]
    # Texts also stand in the `repr` of others.
    forms = dict.fromkeys(form for text in longest_first for form in (text, repr(text)[1:-1]))
    concealed: T = _replace(value, list(forms)) if forms else value
    return concealed


def _replace(value: Any, texts: Sequence[str]) -> Any:
    if isinstance(value, str):
        # Not by a pattern, which would try each of them at each place.
        return reduce(lambda shown, text: shown.replace(text, MASK), texts, value)
    if not isinstance(value, tuple):
        return value
    parts = [_replace(part, texts) for part in value]
    if isinstance(value, Excerpt):
        return _without_moved_marks(value, Excerpt(*parts))
    return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)


def _without_moved_marks(before: Excerpt, after: Excerpt) -> Excerpt:
    pairs = zip(before.lines, after.lines, after.marks)
    marks = tuple(mark if one == other else NO_COLUMNS for one, other, mark in pairs)
    return after._replace(marks=marks)


def _list_locals(error: BaseException) -> Iterator[Mapping[str, Any]]:
    tb = error.__traceback__
    while tb is not None:
        if not is_own(tb.tb_frame.f_code.co_filename):
            yield tb.tb_frame.f_locals
        tb = tb.tb_next


def _list_telling(names: Mapping[Any, Any]) -> set[str]:
    texts = [
        (name, value.decode("utf-8", "replace") if type(value) is bytes else value)
        for name, value in islice(names.items(), _ITEM_LIMIT)
    ]
    return {
        text
        for name, text in texts
        if type(name) is str and type(text) is str and is_telling(name, text)
    }
