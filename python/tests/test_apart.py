"""Loading in a forked process."""

from __future__ import annotations

import os
import sys

import pytest

from taipan.lessons import learn_by, take_lesson, teach, teach_by
from taipan.loader.apart import FailedApart, try_apart
from taipan.loader.errors import TargetError
from taipan.loader.explain import explain_load_error, format_load_error


def test_what_is_loaded_stays_there() -> None:
    seen: list[int] = []
    try_apart(lambda: seen.append(os.getpid()))
    assert seen == []


def test_failures_are_told_as_if_they_were_here() -> None:
    with pytest.raises(FailedApart) as failed:
        try_apart(lambda: 1 / 0)
    assert explain_load_error(failed.value) == "ZeroDivisionError: division by zero"
    assert "ZeroDivisionError" in format_load_error(failed.value)

    def fail() -> None:
        raise TargetError("there is nothing\ud800")

    with pytest.raises(FailedApart, match="there is nothing") as failed:
        try_apart(fail)
    assert format_load_error(failed.value) == ""


def test_the_end_of_the_process_is_a_failure() -> None:
    with pytest.raises(FailedApart, match=r"ended the process \(3\)"):
        try_apart(lambda: os._exit(3))
    with pytest.raises(FailedApart, match="sys.exit"):
        try_apart(lambda: sys.exit(1))


def test_lessons_are_taken_by_who_learns_them() -> None:
    learnt: list[str] = []
    taught: list[tuple[str, str]] = []
    learn_by("subject of a test", lambda fact: learnt.append(str(int(fact))))
    teach("subject of a test", "1")
    teach_by(lambda subject, fact: taught.append((subject, fact)))
    try:
        teach("subject of a test", "2")
    finally:
        teach_by(None)
    assert taught == [("subject of a test", "2")]
    take_lesson("subject of a test", "3")
    take_lesson("subject of a test", "no number")
    take_lesson("another subject", "4")
    assert learnt == ["3"]
