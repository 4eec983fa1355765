"""Hooks are called as they are written, and what they raise is logged."""

import os
import sys
from time import monotonic, sleep

import pytest

from taipan.hooks import Hooks

SOURCE = """
calls = []
def post_fork():
    calls.append("post_fork")
def worker_exit(pid, *more, quiet=False):
    calls.append(("worker_exit", pid))
def child_exit(pid):
    calls.append(("child_exit", pid))
    if pid == 13:
        raise SystemExit(13)
worker_ready = "no function"
"""


class Reports:
    def __init__(self):
        self.texts = []

    def report(self, level, text, traceback=None):
        self.texts.append((level, text))


@pytest.fixture
def hooks(tmp_path, monkeypatch):
    (tmp_path / "taipan_hooks.py").write_text(SOURCE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "taipan_hooks", raising=False)
    reports, sent = Reports(), []
    made = Hooks(reports, sent.append)
    made.load({"searchPath": ["/nowhere", str(tmp_path)]})
    yield made, reports.texts, sent
    sys.modules.pop("taipan_hooks", None)


def wait_for(condition):
    end = monotonic() + 30
    while not condition():
        assert monotonic() < end
        sleep(0.01)


def test_functions_take_a_number_or_nothing(hooks):
    made, texts, sent = hooks
    made.begin()
    made.tell_ready()
    made.end()
    calls = sys.modules["taipan_hooks"].calls
    assert calls == ["post_fork", ("worker_exit", os.getpid())]
    assert (texts, sent) == ([], [{"type": "hooks"}])


def test_ends_are_told_in_order_whatever_a_hook_raises(hooks):
    made, texts, sent = hooks
    tell = made.handlers()["childExit"]
    for pid in (12, 13, 14):
        tell({"type": "childExit", "pid": pid})
    wait_for(lambda: len(sent) == 3)
    assert [call[1] for call in sys.modules["taipan_hooks"].calls] == [12, 13, 14]
    assert [message["pid"] for message in sent] == [12, 13, 14]
    assert texts == [("error", "the hook child_exit of process 13 failed: SystemExit: 13")]


def test_without_a_file_there_are_none():
    reports, sent = Reports(), []
    made = Hooks(reports, sent.append)
    made.load({"searchPath": ["/nowhere"]})
    made.begin()
    made.handlers()["childExit"]({"pid": 5})
    assert (reports.texts, sent) == ([], [{"type": "told", "pid": 5}])
