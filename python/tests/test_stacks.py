"""Stacks of threads and tasks."""

from __future__ import annotations

import asyncio
import contextlib
import threading

from taipan.stacks import capture_task, capture_thread, format_stack


class Gate:
    """Lets a thread enter a function, and waits until it is there."""

    def __init__(self):
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self):
        self.reached.set()
        self.opened.wait(20)


def run_beside(function, gate, look):
    """The stack of a thread that runs `function` while it waits at the gate."""
    thread = threading.Thread(target=function)
    thread.start()
    assert gate.reached.wait(20)
    try:
        return look(thread.ident)
    finally:
        gate.opened.set()
        thread.join()


def names(text):
    return [line.rpartition(" in ")[2] for line in text.splitlines() if line.startswith("  File")]


def test_a_thread_is_shown_where_it_waits():
    gate = Gate()

    def outer():
        inner()

    def inner():
        gate.wait()

    text = run_beside(outer, gate, lambda ident: format_stack(capture_thread(ident)))
    assert text.startswith("Stack (most recent call last):\n")
    assert names(text)[:3] == ["outer", "inner", "wait"]
    assert "        inner()\n" in text or "    inner()\n" in text


def test_a_step_of_an_asynchronous_generator_is_followed():
    @contextlib.asynccontextmanager
    async def lifespan():
        await asyncio.sleep(20)
        yield

    async def enter():
        async with lifespan():
            pass

    async def look():
        task = asyncio.ensure_future(enter())
        await asyncio.sleep(0)
        text = format_stack(capture_task(task, 0))
        task.cancel()
        return text

    found = names(asyncio.run(look()))
    assert found[0] == "enter" and "lifespan" in found and found[-1] == "sleep"


def test_a_thread_that_has_ended_has_no_stack():
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    assert format_stack(capture_thread(thread.ident)) == ""


def test_deep_recursion_is_cut_to_the_innermost_frames():
    gate = Gate()

    def dive(depth, text):
        if depth:
            dive(depth - 1, text)
        else:
            gate.wait()

    def look(ident):
        return format_stack(capture_thread(ident))

    text = run_beside(lambda: dive(500, ""), gate, look)
    assert len(text) <= 65 * 1024 and "in wait" in text


async def outer(event):
    await middle(event)


async def middle(event):
    async with asyncio.Lock():
        await inner(event)


async def inner(event):
    await event.wait()


def test_a_task_is_shown_with_all_that_it_awaits():
    async def main():
        event = asyncio.Event()
        task = asyncio.create_task(outer(event))
        await asyncio.sleep(0)
        text = format_stack(capture_task(task, threading.get_ident()))
        event.set()
        await task
        return text, format_stack(capture_task(task, threading.get_ident()))

    text, after = asyncio.run(main())
    assert names(text)[:3] == ["outer", "middle", "inner"]
    assert after == "" and format_stack(capture_task(None, 0)) == ""


def test_a_task_that_holds_its_loop_is_shown_where_it_is():
    gate = Gate()
    tasks = []

    async def main():
        tasks.append(asyncio.current_task())
        await hold()

    async def hold():
        gate.wait()

    text = run_beside(
        lambda: asyncio.run(main()),
        gate,
        lambda ident: format_stack(capture_task(tasks[0], ident)),
    )
    at = names(text).index("main")
    assert names(text)[at : at + 3] == ["main", "hold", "wait"]
