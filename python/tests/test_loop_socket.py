"""The socket of an event loop, with a hub that echoes."""

import asyncio
import socket

import pytest

from taipan.transports.loop_socket import LoopSocket


class EchoHub:
    """Returns what it receives, in the same turn or in the next one."""

    def __init__(self, loop, later):
        self._loop = loop
        self._later = later
        self._output = b""
        self.on_output = None

    def receive(self, data):
        if self._later:
            self._loop.call_soon(self._give, data)
        else:
            self._give(data)

    def take_output(self):
        output, self._output = self._output, b""
        return output

    def _give(self, data):
        had, self._output = bool(self._output), self._output + data
        if not had:
            self.on_output()


@pytest.fixture
def loop():
    loop = asyncio.SelectorEventLoop()
    yield loop
    loop.close()


@pytest.fixture
def pair():
    near, far = socket.socketpair()
    far.setblocking(False)
    with near, far:
        yield near, far


@pytest.mark.parametrize("later", [False, True])
@pytest.mark.parametrize("size", [1, 5_000_000])
def test_everything_comes_back_in_order(loop, pair, later, size):
    near, far = pair
    broken = []
    transport = LoopSocket(loop, near, broken.append)
    hub = EchoHub(loop, later)
    hub.on_output = transport.on_output
    transport.start(hub)
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)

    async def exchange():
        sending = loop.create_task(loop.sock_sendall(far, data))
        # The output waits because the kernel accepts no more.
        await asyncio.sleep(0.05)
        received = b""
        while len(received) < len(data):
            received += await loop.sock_recv(far, 1_000_000)
        await sending
        return received

    assert loop.run_until_complete(asyncio.wait_for(exchange(), 30)) == data
    assert broken == []


def test_the_end_of_the_other_side_is_no_error(loop, pair):
    near, far = pair
    broken = []
    transport = LoopSocket(loop, near, broken.append)
    hub = EchoHub(loop, False)
    hub.on_output = transport.on_output
    transport.start(hub)
    far.close()
    loop.run_until_complete(asyncio.sleep(0.05))
    hub._give(b"nobody takes this")
    loop.run_until_complete(asyncio.sleep(0.05))
    assert broken == []


def test_what_cannot_be_understood_is_told(loop, pair):
    near, far = pair
    broken = []
    transport = LoopSocket(loop, near, broken.append)

    class Deaf(EchoHub):
        def receive(self, data):
            raise ValueError("what?")

    hub = Deaf(loop, False)
    hub.on_output = transport.on_output
    transport.start(hub)
    far.send(b"x")
    loop.run_until_complete(asyncio.sleep(0.05))
    assert len(broken) == 1
    assert "what?" in broken[0]
