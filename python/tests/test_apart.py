"""Loading in a forked process."""

from __future__ import annotations

import os
import sys

import pytest

from taipan.loader.apart import FailedApart, try_apart
from taipan.loader.errors import TargetError
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.template_facts import apply_fact, publish, publish_by, subscribe


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


def test_a_failure_that_cannot_be_told_ends_the_process() -> None:
    class Mute:
        def __repr__(self) -> str:
            raise ValueError("nothing to show")

    with pytest.raises(FailedApart, match="ended the process"):
        try_apart(lambda: sys.exit(Mute()))


def test_facts_are_applied_by_who_subscribed() -> None:
    applied: list[str] = []
    sent: list[tuple[str, str]] = []
    subscribe("topic of a test", lambda fact: applied.append(str(int(fact))))
    publish("topic of a test", "1")
    publish_by(lambda topic, fact: sent.append((topic, fact)))
    try:
        publish("topic of a test", "2")
    finally:
        publish_by(None)
    assert sent == [("topic of a test", "2")]
    apply_fact("topic of a test", "3")
    apply_fact("topic of a test", "no number")
    apply_fact("another topic", "4")
    assert applied == ["3"]
