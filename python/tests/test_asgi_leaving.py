"""Clients that disconnect, and clients that half-close."""

from __future__ import annotations

import asyncio

import pytest

from support.asgi_apps import DISCONNECT, Lab, answer, begin, piece, read_all
from taipan import frames
from taipan.asgi.stream import WINDOW


def test_a_client_that_leaves_is_told_to_a_waiting_receive(drive):
    async def run(lab, scope, receive, send):
        await receive()
        lab.notes += [await receive(), await receive()]

    lab = Lab(run)
    driver = drive(lab)
    driver.begin().leave().wait()
    assert lab.notes == [DISCONNECT, DISCONNECT]
    assert driver.texts() == []


def test_send_behind_the_client_raises_an_oserror_that_is_not_logged(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        await send(piece(b"x", True))
        await lab.go.wait()
        for event in (piece(b"y", True), piece()):
            try:
                await send(event)
            except OSError as error:
                lab.notes.append(error)
        if scope["path"] == "/wrapped":
            try:
                await send(piece())
            except OSError:
                raise ValueError("wrapped") from None
        await send(piece())

    for path in ("/", "/wrapped"):
        lab = Lab(run)
        driver = drive(lab)
        stream = driver.begin(path=path).leave()
        lab.go.set()
        stream.wait()
        assert len(lab.notes) == 2 and isinstance(lab.notes[0], ConnectionError)
        assert driver.texts() == []
        assert stream.kinds == [frames.HEAD, frames.DATA, frames.FREE]


def test_other_errors_are_logged_when_the_client_has_left(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        raise ValueError("on purpose")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().leave()
    lab.go.set()
    stream.wait()
    assert driver.texts() == ["ValueError: on purpose"]


def test_without_cancel_the_application_goes_on(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        lab.notes.append("done")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().leave()
    assert not stream.freed
    lab.go.set()
    stream.wait()
    assert lab.notes == ["done"]


def test_a_client_that_has_finished_sending_is_still_answered(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append(await receive())
        await lab.go.wait()
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half")
    driver.turns()
    lab.go.set()
    assert stream.wait().body == b"ok" and lab.notes[0]["type"] == "http.request"


@pytest.mark.parametrize("begun", [False, True])
def test_who_was_told_that_the_client_left_cannot_send(drive, begun):
    async def run(lab, scope, receive, send):
        await receive()
        if begun:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        lab.notes += await receive(), await receive()
        if begun:
            await send({"type": "http.response.body", "body": b"two"})
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half").wait()
    assert lab.notes == [DISCONNECT, DISCONNECT]
    assert stream.freed and stream.body == (b"one" if begun else b"") and driver.texts() == []


@pytest.mark.parametrize("begun", [False, True])
def test_who_was_told_that_the_client_left_owes_no_answer(drive, begun):
    async def run(lab, scope, receive, send):
        await receive()
        if begun:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half").wait()
    assert lab.notes == [DISCONNECT] and driver.texts() == []
    assert stream.freed and not stream.ended


def test_a_client_that_has_finished_sending_has_its_body_read(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        await read_all(lab, scope, receive, send)
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None).send(frames.BROKEN, frames.BROKEN_HALF, b"half")
    lab.go.set()
    driver.turns()
    assert stream.pulled == WINDOW and lab.notes == []
    stream.give(b"one").give(b"two", last=True).wait()
    assert [event.get("body") for event in lab.notes] == [b"one", b"two", None]
    assert lab.notes[-1] == DISCONNECT


def test_cancel_ends_the_application_which_may_clean_up(drive):
    async def run(lab, scope, receive, send):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            lab.notes.append("cleaned")

    lab = Lab(run)
    driver = drive(lab)
    driver.begin().leave(cancel=True).wait()
    assert lab.notes == ["cleaned"] and driver.texts() == [] and driver.hub.active == 0


def test_a_request_that_is_cancelled_before_it_begins_is_never_called(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append("called")
        await asyncio.sleep(3600)

    lab = Lab(run)
    driver = drive(lab)
    # The loop must not turn between the two frames.
    turns, driver.turns = driver.turns, lambda: None
    stream = driver.begin()
    stream.leave(cancel=True)
    driver.turns = turns
    stream.wait()
    assert driver.hub.active == 0


def test_cancel_within_a_send_that_waits(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        try:
            await send(piece(b"x" * (WINDOW * 2)))
        except BaseException as error:
            lab.notes.append(type(error))
            raise

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert len(stream.body) == WINDOW
    stream.leave(cancel=True).wait()
    assert lab.notes and driver.texts() == []
