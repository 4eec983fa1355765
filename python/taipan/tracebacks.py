"""Formats tracebacks for the authors of applications: complete, without frames of Taipan."""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from types import TracebackType
from typing import Final

from taipan.module_names import plain_text

_OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep
_SCRIPTS = os.path.dirname(os.path.dirname(_OWN))
_OTHERS = {
    os.path.join(_SCRIPTS, "main.py"),
    str(importlib.__file__),
}


#: Most characters of a line and of a traceback.
LINE_LIMIT: Final = 64 * 1024
TEXT_LIMIT: Final = 1024 * 1024


def format_exception(error: BaseException) -> str:
    """The traceback with its causes. Never raises, whatever the exception object does."""
    try:
        summary = (
            traceback.TracebackException(
                type(error), error, _skip_own(error.__traceback__), compact=True
            )
            if sys.version_info >= (3, 10)
            else traceback.TracebackException(type(error), error, _skip_own(error.__traceback__))
        )
        _keep_user_frames(summary, set())
        return shorten(plain_text("".join(summary.format())), TEXT_LIMIT)
    except BaseException:
        return (
            f"{type(error).__module__}.{type(error).__qualname__} (its traceback cannot be shown)\n"
        )


def summarize(error: BaseException) -> str:
    """One line with type and message. Never raises."""
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException:
        return f"{name} (its text cannot be shown)"
    first = shorten(plain_text(text.strip().split("\n", 1)[0]), LINE_LIMIT)
    return f"{name}: {first}" if first else name


def shorten(text: str, limit: int) -> str:
    """The text without its middle if it is longer than `limit` characters."""
    left_out = len(text) - limit
    if left_out <= 0:
        return text
    half = limit // 2
    return f"{text[:half]} ... {left_out} characters ... {text[-half:]}"


def is_own(filename: str) -> bool:
    """Whether the file belongs to Taipan or to the import machinery."""
    return filename.startswith((_OWN, "<frozen importlib")) or filename in _OTHERS


def _skip_own(tb: TracebackType | None) -> TracebackType | None:
    while tb is not None and is_own(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    return tb


def _keep_user_frames(summary: traceback.TracebackException, seen: set[int]) -> None:
    if id(summary) in seen:
        return
    seen.add(id(summary))
    kept = [frame for frame in summary.stack if not is_own(frame.filename)]
    # None keeps the head line away.
    summary.stack = traceback.StackSummary.from_list(kept) if kept else None  # type: ignore[assignment]
    related = [
        summary.__cause__,
        summary.__context__,
        *(getattr(summary, "exceptions", None) or ()),
    ]
    for other in related:
        if other is not None:
            _keep_user_frames(other, seen)
