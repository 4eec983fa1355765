"""How applications learn that their worker is about to end."""

import asyncio
import threading

import pytest

from taipan.asgi.stopping import LoopStopping
from taipan.stopping import Stopping, listen_stopping, tell_stopping


def tell_soon(stopping):
    thread = threading.Thread(target=tell_stopping, args=(stopping,))
    thread.start()
    return thread


def test_it_is_not_set_before_it_is_told_and_stays_set():
    stopping = Stopping()
    assert (stopping.is_set(), stopping.wait(0), stopping.wait(0.001)) == (False, False, False)
    tell_stopping(stopping)
    tell_stopping(stopping)
    assert (stopping.is_set(), stopping.wait(), stopping.wait(0)) == (True, True, True)


def test_a_thread_waits_for_it():
    stopping = Stopping()
    teller = tell_soon(stopping)
    assert stopping.wait(20)
    teller.join()


def test_greenlets_look_again_and_again(monkeypatch):
    stopping = Stopping()
    monkeypatch.setattr("taipan.stopping.has_greenlets", lambda: True)
    assert not stopping.wait(0.001)
    slept = []
    monkeypatch.setattr(
        "taipan.stopping.time.sleep", lambda seconds: slept.append(tell_stopping(stopping))
    )
    assert stopping.wait() and len(slept) == 1


def test_listeners_are_called_once_also_afterwards():
    stopping = Stopping()
    calls = []
    listen_stopping(stopping, lambda: calls.append(1))
    tell_stopping(stopping)
    tell_stopping(stopping)
    listen_stopping(stopping, lambda: calls.append(2))
    assert calls == [1, 2]


@pytest.mark.parametrize("early", [True, False])
def test_tasks_wait_for_it_on_their_loops(early):
    stopping = Stopping()
    if early:
        tell_stopping(stopping)
    awaitable = LoopStopping(stopping)

    async def main():
        if not early:
            assert (awaitable.is_set(), await awaitable.wait(0.001)) == (False, False)
        waits = [asyncio.ensure_future(awaitable.wait(seconds)) for seconds in (None, 20)]
        await asyncio.sleep(0)
        teller = tell_soon(stopping)
        assert await asyncio.gather(*waits) == [True, True]
        teller.join()
        return awaitable.is_set()

    assert asyncio.run(main())
    # Waiters whose loop is closed are no trouble.
    tell_stopping(stopping)


def test_a_wait_can_be_cancelled():
    async def main():
        awaitable = LoopStopping(Stopping())
        task = asyncio.ensure_future(awaitable.wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not awaitable._waiters

    asyncio.run(main())
