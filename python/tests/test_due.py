"""Signals after which a worker is succeeded by another one."""

from __future__ import annotations

import resource
import signal

import pytest

from taipan.due import DueSignals

EVICTION, CPU_TIME = signal.SIGUSR1, signal.SIGXCPU


@pytest.fixture
def sent():
    before = {number: signal.getsignal(number) for number in (EVICTION, CPU_TIME)}
    yield []
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def limits(monkeypatch):
    """What would be the limits of the processor."""
    asked = []
    monkeypatch.setattr("taipan.due.resource.setrlimit", lambda *given: asked.append(given))
    return asked


def test_each_signal_is_told_with_its_reason(sent, limits):
    DueSignals(sent.append).take({})
    signal.raise_signal(EVICTION)
    signal.raise_signal(CPU_TIME)
    assert sent == [
        {"type": "due", "reason": "eviction"},
        {"type": "due", "reason": "cpu_time"},
    ]
    assert limits == []


def test_an_application_keeps_its_own_handler(sent, limits):
    own = []
    signal.signal(EVICTION, lambda *_: own.append(True))
    due = DueSignals(sent.append)
    due.take({})
    signal.raise_signal(EVICTION)
    assert (own, sent) == ([True], [])
    due.forget_in_child()
    signal.raise_signal(EVICTION)
    assert own == [True, True]


def test_children_do_not_speak_for_the_worker(sent, limits):
    due = DueSignals(sent.append)
    due.take({})
    due.forget_in_child()
    assert signal.getsignal(EVICTION) is signal.SIG_DFL
    assert signal.getsignal(CPU_TIME) is signal.SIG_DFL


@pytest.mark.parametrize(
    ("config", "highest", "expected"),
    [
        # A started second counts as one; requests and the end have time left.
        ({"cpuTimeLimit": 1500, "gracefulTimeout": 3000}, resource.RLIM_INFINITY, (2, 15)),
        ({"cpuTimeLimit": 1000, "shutdownTimeout": 4000}, resource.RLIM_INFINITY, (1, 15)),
        # Requests have no limit then.
        (
            {"cpuTimeLimit": 1000, "shutdownTimeout": 4000, "gracefulTimeout": 0},
            resource.RLIM_INFINITY,
            (1, resource.RLIM_INFINITY),
        ),
        ({"cpuTimeLimit": 60_000, "gracefulTimeout": 3000}, 30, (30, 30)),
    ],
)
def test_the_limit_of_the_processor(sent, limits, monkeypatch, config, highest, expected):
    monkeypatch.setattr("taipan.due.resource.getrlimit", lambda _: (highest, highest))
    DueSignals(sent.append).take(config)
    assert limits == [(resource.RLIMIT_CPU, expected)]
