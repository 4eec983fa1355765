"""Request bodies as ASGI applications receive them."""

from __future__ import annotations

import asyncio
import contextlib

from support.asgi_apps import DISCONNECT, Lab, answer, read_all
from taipan import frames
from taipan.asgi.stream import WINDOW


def test_a_whole_body_is_one_event_and_then_receive_waits(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append(await receive())
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        lab.notes.append(waiting.done())
        await answer(send)
        lab.notes.append(await waiting)
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    driver.get(body=b"body")
    first = {"type": "http.request", "body": b"body", "more_body": False}
    assert lab.notes == [first, False, DISCONNECT, DISCONNECT]


def test_receive_gives_disconnect_behind_the_answer(drive):
    async def run(lab, scope, receive, send):
        await answer(send)
        lab.notes += [await receive(), await receive()]

    lab = Lab(run)
    drive(lab).get(body=b"unread")
    assert lab.notes == [DISCONNECT, DISCONNECT]


def test_a_body_is_pulled(drive):
    lab = Lab(read_all)
    driver = drive(lab)
    stream = driver.begin(body=None)
    assert stream.pulled == WINDOW and lab.notes == []
    stream.give(b"one").give(b"two")
    assert [event["body"] for event in lab.notes] == [b"one", b"two"]
    stream.give(b"", last=True).wait()
    assert lab.notes[-1] == {"type": "http.request", "body": b"", "more_body": False}
    assert all(event["more_body"] for event in lab.notes[:-1])
    assert stream.kinds.count(frames.PULL) == 1


def test_the_last_piece_says_so(drive):
    lab = Lab(read_all)
    driver = drive(lab)
    driver.begin(body=None).give(b"one").give(b"two", last=True).wait()
    assert [event["more_body"] for event in lab.notes] == [True, False]
    lab = Lab(read_all)
    driver = drive(lab)
    driver.begin(body=None).give(b"", last=True).wait()
    assert lab.notes == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_body_that_is_not_read_is_not_pulled(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    assert frames.PULL not in stream.kinds
    lab.go.set()
    assert frames.PULL not in stream.wait().kinds


def test_a_large_body_is_pulled_as_it_is_taken(drive):
    async def run(lab, scope, receive, send):
        for _ in range(100):
            await lab.go.wait()
            lab.go.clear()
            lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    lab.go.set()
    driver.turns()
    for _ in range(4):
        stream.give(b"x" * (WINDOW // 4))
    # All permitted bytes were sent; only the first piece was received.
    assert stream.pulled == WINDOW and len(lab.notes) == 1
    for _ in range(2):
        lab.go.set()
        driver.turns()
    assert stream.pulled > WINDOW and stream.pulled <= WINDOW + 3 * (WINDOW // 4)


def test_a_cancelled_receive_loses_nothing(drive):
    async def run(lab, scope, receive, send):
        for _ in range(3):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(receive(), 0.001)
        task = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        lab.notes.append("waited")
        await lab.go.wait()
        lab.go.clear()
        # Cancelled when the event is available, but before it is returned.
        task = asyncio.ensure_future(receive())
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await read_all(lab, scope, receive, send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    driver.wait(lambda: lab.notes)
    stream.give(b"one").give(b"two", last=True)
    lab.go.set()
    stream.wait()
    assert [event["body"] for event in lab.notes[1:]] == [b"one", b"two"]


def test_two_may_receive_at_once_and_one_may_be_cancelled(drive):
    async def run(lab, scope, receive, send):
        first = asyncio.ensure_future(receive())
        second = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        first.cancel()
        lab.notes.append((await second)["body"])
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    driver.begin(body=None).give(b"one", last=True).wait()
    assert lab.notes == [b"one"]


def test_a_broken_body_is_a_disconnect(drive):
    for given in ([], [b"one"]):
        lab = Lab(read_all)
        driver = drive(lab)
        stream = driver.begin(body=None)
        for data in given:
            stream.give(data)
        stream.leave().wait()
        assert lab.notes.pop() == DISCONNECT
        assert all(event["more_body"] for event in lab.notes)
        assert stream.status is None and driver.texts() == []
