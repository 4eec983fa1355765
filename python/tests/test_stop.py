"""How the main thread of a worker waits for its end."""

from __future__ import annotations

import select
import signal
import threading

import pytest

from support.worker_process import DEADLINE
from taipan.stop import Stop


@pytest.fixture(params=["threads", "greenlets"])
def stop(request, monkeypatch):
    if request.param == "greenlets":
        monkeypatch.setattr("taipan.stop.has_green_waits", lambda: True)
        monkeypatch.setattr(
            "taipan.stop.make_green_wait",
            lambda descriptor: lambda seconds: select.select([descriptor], [], [], seconds),
        )
    return Stop()


def test_one_that_was_asked_for_before_is_not_waited_for(stop):
    stop.set()
    stop.wait()


def test_another_thread_ends_the_wait(stop):
    teller = threading.Timer(0.01, stop.set)
    teller.start()
    stop.wait()
    teller.join(DEADLINE)


def test_a_signal_handler_of_the_waiting_thread_ends_the_wait(stop):
    before = signal.signal(signal.SIGALRM, lambda *_: stop.set())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        stop.wait()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
