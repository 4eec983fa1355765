"""What holds Node's thread for too long."""

import threading
from queue import Queue
from time import monotonic, sleep

import pytest

from taipan.embedded.turn_timeout import TurnLimit, TurnTimeout
from taipan.stacks import RunningRequest

DEADLINE = 20


class Watched:
    """A limit for this thread, and what it tells."""

    def __init__(self):
        self.running = None
        self.on_look = lambda: None
        self.reports = Queue()
        self.timeout = TurnTimeout(TurnLimit(0.01, "--limit"), self._find_running, self.reports.put)

    def _find_running(self):
        self.on_look()
        return self.running

    def begin(self):
        self.timeout.began = monotonic()
        if self.timeout.asleep:
            self.timeout.wake()

    def wait_for_report(self):
        return self.reports.get(timeout=DEADLINE)


@pytest.fixture
def watched():
    one = Watched()
    yield one
    one.timeout.close()


def wait_until(check):
    deadline = monotonic() + DEADLINE
    while not check():
        assert monotonic() < deadline
        sleep(0.001)


def test_a_request_is_named_and_shown(watched):
    watched.running = RunningRequest("a-1", "shop", "GET", "/cart", 0)
    watched.begin()
    report = watched.wait_for_report()
    assert report["request"] == "a-1"
    assert report["application"] == "shop"
    assert report["age"] >= 10
    assert report["text"].startswith("request a-1 (GET /cart) of application shop has held Node")
    assert report["text"].endswith(" ms (--limit)")
    assert " in test_a_request_is_named_and_shown\n" in report["traceback"]


def test_each_that_takes_too_long_is_told(watched):
    for number in range(3):
        watched.running = RunningRequest(f"a-{number}", "shop", "GET", "/", 0)
        watched.begin()
        assert watched.wait_for_report()["request"] == f"a-{number}"


def test_what_ends_while_it_is_looked_at_is_not_told(watched):
    def end():
        watched.timeout.began = 0.0

    watched.on_look = end
    watched.running = RunningRequest("ended", "shop", "GET", "/", 0)
    watched.begin()
    wait_until(lambda: watched.timeout.began == 0.0)
    watched.on_look = lambda: None
    watched.running = None
    watched.begin()
    assert "request" not in watched.wait_for_report()


def test_the_thread_sleeps_while_nothing_runs_and_wakes(watched):
    for _ in range(3):
        watched.begin()
        assert not watched.timeout.asleep
        watched.timeout.began = 0.0
        wait_until(lambda: watched.timeout.asleep)
    watched.begin()
    assert watched.wait_for_report()["text"].startswith("Python has held Node")


@pytest.mark.parametrize("state", ["asleep", "awake"])
def test_the_thread_ends(state):
    before = set(threading.enumerate())
    watched = Watched()
    if state == "awake":
        watched.begin()
    watched.timeout.close()
    watched.timeout.close()
    wait_until(lambda: not set(threading.enumerate()) - before)
