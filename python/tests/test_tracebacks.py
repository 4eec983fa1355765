"""Tracebacks of all kinds of exceptions."""

from __future__ import annotations

import pytest

from taipan import tracebacks


class Hostile(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __str__


class HostileName(type):
    @property
    def __module__(cls):
        raise RuntimeError("no module")


def catch(error):
    try:
        raise error
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    "error",
    [ValueError("x"), Hostile(), KeyboardInterrupt(), ValueError("\udcff"), OSError(2, "no")],
)
def test_every_exception_has_a_traceback(error):
    text = tracebacks.format_exception(catch(error))
    assert type(error).__name__ in text and "test_tracebacks.py" in text
    assert type(error).__name__ in tracebacks.summarize(error)


def test_what_is_too_long_loses_its_middle():
    error = catch(ValueError("a" * 2_000_000 + "z"))
    for text, limit in (
        (tracebacks.summarize(error), tracebacks.LINE_LIMIT),
        (tracebacks.format_exception(error), tracebacks.TEXT_LIMIT),
    ):
        assert len(text) < limit + 100 and "aaa ... " in text and text.rstrip().endswith("z")
    assert tracebacks.shorten("abc", 3) == "abc"


def test_causes_are_kept_and_loops_end():
    try:
        try:
            raise KeyError("cause")
        except KeyError as cause:
            raise ValueError("effect") from cause
    except ValueError as error:
        error.__cause__.__context__ = error
        text = tracebacks.format_exception(error)
    assert "KeyError: 'cause'" in text and "ValueError: effect" in text


def test_summaries_are_one_line():
    assert tracebacks.summarize(ValueError("one\ntwo")) == "ValueError: one"
    assert tracebacks.summarize(ValueError()) == "ValueError"
