"""Request bodies: complete ones, and those that are pulled while they are read."""

from __future__ import annotations

import json
import time

import pytest

from support.worker_process import WorkerProcess, target
from taipan import frames

BODY = b"one\ntwo\n\nthree"


@pytest.fixture(scope="module")
def thread():
    worker = WorkerProcess([target("wsgi_lab.py")])
    yield worker.threads[0]
    worker.close()


def read(thread, ops, **more):
    answer = thread.get(PATH_INFO="/read", QUERY_STRING=f"ops={ops}", **more)
    return json.loads(answer.body)["results"]


CASES = [
    ("r", ["one\ntwo\n\nthree"]),
    ("r3,r2,r", ["one", "\nt", "wo\n\nthree"]),
    ("r0,r-1,r,r5,l,ls", ["", "one\ntwo\n\nthree", "", "", "", []]),
    ("l,l,l,l,l", ["one\n", "two\n", "\n", "three", ""]),
    ("l2,l9,l-1,l1,r", ["on", "e\n", "two\n", "\n", "three"]),
    ("ls", [["one\n", "two\n", "\n", "three"]]),
    ("ls4,r", [["one\n"], "two\n\nthree"]),
    ("it,it", [["one\n", "two\n", "\n", "three"], []]),
    ("l0,l,r", ["", "one\n", "two\n\nthree"]),
]
PIECES = [
    [BODY],
    [BODY, b""],
    [bytes([byte]) for byte in BODY],
    [b"", b"on", b"e\ntwo", b"\n\nthree"],
]


@pytest.mark.parametrize(("ops", "expected"), CASES)
def test_a_whole_body_is_read(thread, ops, expected):
    assert read(thread, ops, body=BODY) == expected


@pytest.mark.parametrize("pieces", PIECES)
@pytest.mark.parametrize(("ops", "expected"), CASES)
def test_a_pulled_body_is_read(thread, ops, expected, pieces):
    assert read(thread, ops, pieces=pieces) == expected


def test_a_whole_body_can_seek(thread):
    assert read(thread, "r3,tell,seek1,r", body=BODY) == ["one", 3, 1, "ne\ntwo\n\nthree"]


def test_an_empty_body_ends_at_once(thread):
    assert read(thread, "r,r5,l,ls,it", body=b"") == ["", "", "", [], []]
    assert read(thread, "r,r5,l,ls,it", pieces=[b""]) == ["", "", "", [], []]


def test_nothing_is_pulled_before_the_first_read(thread):
    answer = thread.get(PATH_INFO="/hello", body=None)
    assert answer.kinds == [frames.HEAD, frames.DATA]
    answer = thread.get(PATH_INFO="/read", QUERY_STRING="ops=r0", body=None)
    assert frames.PULL not in answer.kinds


def test_reads_wait_for_no_more_than_was_asked(thread):
    thread.request(PATH_INFO="/first-bytes", QUERY_STRING="key=fb", body=None)
    thread.expect(frames.PULL)
    thread.body(b"hello, there is more")
    wait_for_note(thread, "fb")
    thread.body(b"!", last=True)
    assert thread.answer().body == b"hello|, there is more!"
    thread.request(PATH_INFO="/first-line", QUERY_STRING="key=fl", body=None)
    thread.expect(frames.PULL)
    thread.body(b"line\nand half")
    thread.body(b" a line", last=True)
    assert thread.answer().body == b"line\n|and half a line"


def wait_for_note(thread, key):
    """The handler continues after its first read and asks for nothing more."""
    assert key and thread.quiet(0.1)


def test_credit_is_never_exceeded_and_is_given_again(thread):
    size = 2_000_000
    thread.request(PATH_INFO="/count", body=None, CONTENT_LENGTH=str(size))
    credit = sent = 0
    while sent < size:
        frame = thread.expect(frames.PULL)
        credit += int.from_bytes(frame.payload, "little")
        assert credit <= 256 * 1024 * 2
        amount = min(credit, size - sent, 100_000)
        while amount:
            thread.body(b"x" * amount, last=sent + amount == size)
            sent += amount
            credit -= amount
            amount = min(credit, size - sent, 100_000)
    answer = thread.answer()
    assert json.loads(answer.body)["total"] == size


@pytest.mark.parametrize("before", [b"", b"some bytes"])
def test_a_broken_body_raises_and_never_looks_like_its_end(thread, before):
    key = f"broken{len(before)}"
    thread.request(PATH_INFO="/broken", QUERY_STRING=f"key={key}", body=None)
    thread.expect(frames.PULL)
    if before:
        thread.body(before)
    thread.broken("the chunks are broken")
    assert thread.answer().aborted is not None
    notes = json.loads(thread.get(PATH_INFO="/notes", QUERY_STRING=f"key={key}").body)
    assert notes == ["raised OSError", "raised again"]


def test_what_is_left_of_a_body_never_meets_the_next_request(thread):
    thread.request(PATH_INFO="/first-bytes", QUERY_STRING="size=1", body=None)
    thread.expect(frames.PULL)
    thread.body(b"ab", last=True)
    assert thread.answer().body == b"a|b"
    thread.request(PATH_INFO="/ignore-body", body=None)
    answer = thread.answer()
    thread.body(b"late")
    thread.broken()
    assert answer.body == b"ignored"
    assert read(thread, "r", body=b"next") == ["next"]
    assert read(thread, "r", pieces=[b"pulled"]) == ["pulled"]


def test_a_request_in_many_writes_and_a_large_body_arrive(thread):
    import marshal

    from support.worker_process import make_environ

    environ = {**make_environ(), "PATH_INFO": "/count", "CONTENT_LENGTH": "300000"}
    data = frames.encode(frames.REQUEST, 0, marshal.dumps((0, environ, b"y" * 300000), 2))
    for at in range(0, 2000, 100):
        thread.send(data[at : at + 100])
        time.sleep(0.001)
    thread.send(data[2000:])
    assert json.loads(thread.answer().body)["total"] == 300000
