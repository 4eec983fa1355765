"""Slow clients and the windows of their streams."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from support.asgi_apps import Lab, answer, begin, piece
from taipan.asgi.stream import WINDOW


def test_send_waits_for_the_window(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        for index in range(8):
            await send(piece(b"x" * (WINDOW // 2), True))
            lab.notes.append(index)
        await send(piece())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert lab.notes == [0, 1] and len(stream.body) == WINDOW
    stream.take(WINDOW // 4)
    assert len(stream.body) == WINDOW + WINDOW // 4 and lab.notes == [0, 1]
    while not stream.freed:
        stream.take(WINDOW // 4)
    assert len(stream.body) == WINDOW * 4 and stream.ended


@pytest.mark.parametrize("length", [True, False])
def test_a_large_body_goes_in_pieces(drive, length):
    data = bytes(range(256)) * 8192
    headers = [(b"content-length", b"%d" % len(data))] if length else []

    async def run(lab, scope, receive, send):
        await answer(send, data, headers)
        lab.notes.append("sent")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert len(stream.body) == WINDOW and lab.notes == [] and stream.length == len(data)
    while not stream.freed:
        stream.take(100_000)
    assert stream.body == data and lab.notes == ["sent"] and stream.ended
    assert max(map(len, stream.pieces)) <= WINDOW


def test_a_cancelled_send_is_not_torn(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(send(piece(b"a" * WINDOW * 2, True)), 0.001)
        lab.notes.append("cancelled")
        await send(piece(b"b"))

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    driver.wait(lambda: lab.notes)
    while not stream.freed:
        stream.take(WINDOW)
    assert stream.body == b"a" * WINDOW * 2 + b"b" and stream.ended


def test_an_application_may_return_while_the_rest_is_on_its_way(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(send(piece(b"a" * WINDOW * 2)), 0.001)

    driver = drive(Lab(run))
    stream = driver.begin()
    driver.wait(lambda: driver.hub.active == 0)
    assert not stream.freed
    stream.take(WINDOW)
    assert stream.freed and stream.ended and len(stream.body) == WINDOW * 2
