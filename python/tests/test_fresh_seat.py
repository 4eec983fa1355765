"""The seats of a template, over real sockets and with real children."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator

import pytest

from taipan import frames
from taipan.fresh.child_socket import ChildSocket
from taipan.fresh.progress import Progress
from taipan.fresh.seat import RunningChild, Seat, SeatClosed
from taipan.fresh.standard_modules import find_imported


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    near, far = socket.socketpair()
    with near, far:
        far.settimeout(20)
        yield near, far


Pair = tuple[socket.socket, socket.socket]


def run_child(seat: Seat, end: str) -> str:
    """Starts a child that ends in this way, and waits for it."""
    seat.begin()
    near, far = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        if end == "answers":
            seat.progress.enter_write()
            seat.progress.leave_write()
            seat.progress.finish()
        elif end == "tears":
            seat.progress.enter_write()
        elif end == "leaves":
            seat.progress.missing = 3
        elif end == "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    far.close()
    seat.child = child = RunningChild(pid, near, "r1")
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    return child.look() or ""


def test_a_request_is_taken_when_it_is_whole(pair: Pair) -> None:
    near, far = pair
    seat = Seat(0, near)
    request = frames.encode(frames.REQUEST, 0, b"r" * 100_000, tag=7)
    far.sendall(frames.encode(frames.BROKEN, 0, b"late") + request[:5])
    assert seat.receive() is None
    far.sendall(request[5:])
    while (frame := seat.receive()) is None:
        pass
    assert (frame.tag, len(frame.payload)) == (7, 100_000)


def test_the_end_of_a_child_frees_the_seat(pair: Pair) -> None:
    near, far = pair
    seat = Seat(0, near)
    assert seat.end(run_child(seat, "answers")) == ""
    assert frames.HEADER.unpack(far.recv(8))[0] == frames.FREE
    told = seat.end(run_child(seat, "dies"))
    assert told == "its process ended by signal SIGKILL before the response was complete"
    kind, flags, _tag, length = frames.HEADER.unpack(far.recv(8))
    assert (kind, flags) == (frames.ABORT, frames.ABORT_DIED | frames.ABORT_FREE)
    assert far.recv(length).decode() == told
    with pytest.raises(SeatClosed, match="while it sent a response"):
        seat.end(run_child(seat, "tears"))


def test_the_rest_of_a_frame_that_a_child_has_left_is_skipped(pair: Pair) -> None:
    near, far = pair
    seat = Seat(0, near)
    seat.end(run_child(seat, "leaves"))
    far.sendall(b"xyz" + frames.encode(frames.REQUEST, 0, b"r", tag=8))
    assert seat.receive() is None
    frame = seat.receive()
    assert frame is not None and frame.tag == 8


def test_the_ends_of_links_are_told(pair: Pair) -> None:
    near, far = pair
    seat = Seat(0, near)
    far.sendall(frames.HEADER.pack(frames.REQUEST, 0, 0, frames.PAYLOAD_LIMIT + 1))
    with pytest.raises(SeatClosed, match="announces"):
        seat.receive()
    seat.close()
    with pytest.raises(SeatClosed) as closed:
        seat.receive()
    assert closed.value.reason == ""
    with pytest.raises(SeatClosed):
        seat.send(b"x")


def test_a_full_link_does_not_hold_the_template(pair: Pair) -> None:
    near, far = pair
    seat = Seat(0, near)
    filled = 0
    while not seat.unsent:
        seat.send(b"x" * 65_536)
        filled += 65_536
    seat.send(b"end")
    taken = b""
    while len(taken) < filled + 3:
        taken += far.recv(1 << 20)
        if seat.unsent:
            seat.send_rest()
    assert (taken[-3:], seat.unsent) == (b"end", False)


def test_a_socket_answers_one_request_and_frees_nothing(pair: Pair) -> None:
    near, far = pair
    progress = Progress()
    progress.begin(0)
    decoder = frames.Decoder()
    decoder.feed(frames.encode(frames.BODY, frames.BODY_LAST, b"body", tag=5))
    link = ChildSocket(near, 5, decoder, progress)
    assert (link.receive(), link.receive()) == (b"body", None)
    assert link.begin_file(200, 0, 3, b"OK\r\n", 9, 0) is False
    link.write(b"abc", True)
    calls: list[str] = []
    link.call_between_writes(lambda: calls.append("now"))
    progress.enter_write()
    link.call_between_writes(lambda: calls.append("later"))
    assert (calls, progress.torn, progress.answered) == (["now"], True, False)
    link.abort("never sent twice")
    assert calls == ["now", "later"]
    link.finish()
    assert progress.answered
    received = frames.Decoder()
    received.feed(far.recv(1 << 16))
    assert [frame.kind for frame in received.frames()] == [frames.HEAD, frames.DATA, frames.ABORT]


def test_modules_of_others_are_not_taken_for_standard() -> None:
    assert "pytest" not in set(find_imported(0))
    assert {"os", "json"} <= {name.partition(".")[0] for name in find_imported(0)}
