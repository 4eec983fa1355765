"""Coroutines without a task for their first step, and the task that an application sees."""

from __future__ import annotations

import asyncio

from support.asgi_apps import Lab, answer, begin, piece
from taipan.asgi.stream import WINDOW


def test_nothing_is_yielded_that_need_not_wait(drive):
    async def run(lab, scope, receive, send):
        for coroutine in (receive(), send(begin()), send(piece(b"x", True)), send(piece())):
            try:
                coroutine.send(None)
                lab.notes.append("yielded")
            except StopIteration:
                pass

    lab = Lab(run)
    assert drive(lab).get().body == b"x"
    assert lab.notes == []


def test_only_futures_are_yielded(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        for coroutine in (receive(), send(piece(b"x" * WINDOW * 2, True)), send(piece(b"", True))):
            lab.notes.append(coroutine.send(None))
            coroutine.close()

    lab = Lab(run)
    driver = drive(lab)
    driver.begin(body=None)
    driver.wait(lambda: len(lab.notes) == 3)
    for yielded in lab.notes:
        assert yielded is None or isinstance(yielded, asyncio.Future)
        assert not isinstance(yielded, asyncio.Task)


def test_an_application_sees_its_task(drive):
    async def run(lab, scope, receive, send):
        task = asyncio.current_task()
        lab.notes.append(task is not None and task.get_loop() is asyncio.get_running_loop())
        await asyncio.sleep(0)
        lab.notes.append(asyncio.current_task() is task)
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    driver.get()
    assert lab.notes == [True, True]
