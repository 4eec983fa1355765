"""Requests that take too long, in a real worker: what is raised where, and never elsewhere."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.worker_process import WorkerProcess, target
from taipan import RequestTimeout

StartWorker = Callable[..., WorkerProcess]

APPLICATION = """
import time
from taipan import RequestTimeout

undone = []

def app(environ, start_response):
    start_response("200 OK", [])
    path = environ["PATH_INFO"]
    if path == "/short":
        time.sleep(0.002)
    elif path == "/undone":
        return [",".join(undone).encode()]
    elif path == "/stubborn":
        while True:
            try:
                time.sleep(0.01)
            except Exception:
                undone.append("exception")
    elif path == "/tidy":
        try:
            return tidy()
        finally:
            undone.append("finally")
    return [b"fine"]

def tidy():
    try:
        while True:
            time.sleep(0.01)
    except RequestTimeout:
        undone.append("caught")
        return [b"late"]
"""


@pytest.fixture
def worker(start_worker: StartWorker, tmp_path: Path) -> WorkerProcess:
    (tmp_path / "app.py").write_text(APPLICATION, "utf-8")
    return start_worker(target("app.py", directory=str(tmp_path)))


def begin(worker: WorkerProcess, path: str, request: str) -> None:
    more = {"taipan.request_id": request}
    worker.threads[0].request({"PATH_INFO": path}, **more)


def interrupt(worker: WorkerProcess, request: str) -> None:
    worker.tell({"type": "interrupt", "thread": 0, "request": request, "facts": {}})


def test_the_exception_is_none_that_applications_catch() -> None:
    assert issubclass(RequestTimeout, BaseException)
    assert not issubclass(RequestTimeout, Exception)


def test_code_that_catches_every_exception_is_interrupted(worker: WorkerProcess) -> None:
    begin(worker, "/stubborn", "r1")
    assert worker.threads[0].quiet()
    interrupt(worker, "r1")
    assert worker.threads[0].answer().status == 500
    assert worker.threads[0].get({"PATH_INFO": "/undone"}).body == b""


def test_an_application_may_tidy_up_and_answer(worker: WorkerProcess) -> None:
    begin(worker, "/tidy", "r1")
    assert worker.threads[0].quiet()
    interrupt(worker, "r1")
    assert worker.threads[0].answer().body == b"late"
    assert worker.threads[0].get({"PATH_INFO": "/undone"}).body == b"caught,finally"


def test_an_interrupt_that_comes_late_hits_no_other_request(worker: WorkerProcess) -> None:
    thread = worker.threads[0]
    chance = random.Random(13)
    outcomes = set()
    for number in range(150):
        begin(worker, "/short", f"r{number}")
        time.sleep(chance.uniform(0, 0.005))
        interrupt(worker, f"r{number}")
        # Sent before the answer is read, as Node would not, so that it follows at once.
        begin(worker, "/next", f"next{number}")
        first = thread.answer()
        outcomes.add((first.status, first.body))
        second = thread.answer()
        assert (second.status, second.body, second.aborted) == (200, b"fine", None)
        worker.wait_for("interrupted", request=f"r{number}")
    assert (200, b"fine") in outcomes
    assert len(outcomes) > 1
