"""What tells where a load stands."""

import threading
from queue import Queue

import pytest

from taipan.load_watch import LoadWatch
from taipan.stacks import capture_thread

DEADLINE = 20


@pytest.fixture
def reports():
    return Queue()


@pytest.fixture
def watch(reports):
    """Looks at once, because little time is left."""
    one = LoadWatch(reports.put, 0.001)
    yield one
    one.end()


def stand():
    """The stack of this line."""
    return capture_thread(threading.get_ident())


def test_a_load_that_takes_long_is_told_with_its_stack(watch, reports):
    stack = stand()
    watch.begin("shop", lambda: stack)
    report = reports.get(timeout=DEADLINE)
    assert report["type"] == "place" and report["application"] == "shop"
    assert "return capture_thread(" in report["place"]
    assert report["stack"].startswith("Stack (most recent call last):")
    assert ", in stand\n" in report["stack"]


def test_the_next_load_is_told_in_place_of_the_one_before(watch, reports):
    stack = stand()

    def move_on():
        watch.begin("second", lambda: stack)
        return stack

    watch.begin("first", move_on)
    assert reports.get(timeout=DEADLINE)["application"] == "second"


def test_what_is_over_meanwhile_is_not_told(watch, reports):
    looked = threading.Event()

    def end():
        watch.end()
        looked.set()
        return stand()

    watch.begin("shop", end)
    assert looked.wait(DEADLINE)
    stack = stand()
    watch.begin("other", lambda: stack)
    assert reports.get(timeout=DEADLINE)["application"] == "other"
    assert reports.empty()


def test_a_load_without_a_stack_is_not_told(watch, reports):
    stack = stand()
    stacks = iter([stack[:0], stack])
    watch.begin("shop", lambda: next(stacks))
    watch.begin("other", lambda: stack)
    assert reports.get(timeout=DEADLINE)["application"] == "other"
