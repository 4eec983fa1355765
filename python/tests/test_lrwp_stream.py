"""Registrations and requests over socket pairs: any split of the bytes, agents that break off."""

from __future__ import annotations

import contextlib
import random
import socket
import threading

import pytest

from support.lrwp_agent import DEADLINE, format_request
from taipan.lrwp import registration, request, stream
from taipan.lrwp.errors import AgentError, AgentGone, Refused
from taipan.lrwp.registration import Registration, format_registration, register
from taipan.lrwp.request import read_request
from taipan.lrwp.stream import AgentStream

CALC = Registration("calc", "www.example.org")
SECOND = CALC._replace(password=b"s3cret")


@pytest.fixture
def pair():
    """The stream of a peer, and the agent's socket."""
    near, far = socket.socketpair()
    far.settimeout(DEADLINE)
    peer = AgentStream(near)
    yield peer, far
    peer.close()
    far.close()


def split(data, seed):
    """The bytes in pieces of any size."""
    places = random.Random(seed)
    while data:
        size = places.choice([1, 2, 3, 9, 10, 100, 100_000])
        yield data[:size]
        data = data[size:]


def send_later(far, pieces, end=True):
    def send():
        # A test that has seen enough closes both sockets.
        with contextlib.suppress(OSError):
            for piece in pieces:
                far.sendall(piece)
            if end:
                far.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("seed", range(20))
def test_any_split_of_the_bytes_gives_the_same_requests(pair, seed):
    peer, far = pair
    body = random.Random(seed).randbytes(3000)
    data = b"OK" + format_request(body, A="é=") + format_request() + format_request(b"\0" * 200_000)
    thread = send_later(far, split(data, seed))
    register(peer, CALC)
    assert far.recv(1000) == format_registration(CALC)
    first, second, third = (read_request(peer) for _ in range(3))
    assert first.variables[b"A"] == "é=".encode("latin-1")
    assert (first.length, first.body.read()) == (3000, body)
    assert (second.length, second.body.read()) == (0, b"")
    assert third.body.read() == b"\0" * 200_000
    with pytest.raises(AgentGone):
        read_request(peer)
    thread.join(DEADLINE)


@pytest.mark.parametrize("end", range(len(format_request(b"abcdef", A="b"))))
def test_a_request_that_ends_anywhere_is_the_end(pair, end):
    peer, far = pair
    send_later(far, [format_request(b"abcdef", A="b")[:end]])
    with pytest.raises(AgentGone):
        read_request(peer)


@pytest.mark.parametrize("seed", range(10))
def test_any_split_of_a_challenge_is_answered(pair, seed):
    peer, far = pair
    send_later(far, split(b"CHALLENGE\xff000000003\0\1\2OK\xff" + format_request(), seed))
    register(peer, SECOND)
    assert far.recv(1000) == format_registration(SECOND) + b"000000003s2a"
    assert read_request(peer).length == 0


def test_every_kind_of_bytes_raises_what_is_documented(pair):
    peer, far = pair
    for seed in range(200):
        noise = random.Random(seed).randbytes(60)
        near, end = socket.socketpair()
        noisy = AgentStream(near)
        send_later(end, [noise]).join(DEADLINE)
        with pytest.raises((AgentError, Refused)):
            register(noisy, SECOND if seed % 2 else CALC)
            read_request(noisy)
        noisy.close()
        end.close()


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (b"ERROR: Unauthorized access", Refused, "^Unauthorized access$"),
        (b"REJECTED\xffwrong\xff", Refused, "^wrong$"),
        (b"REJECTED\xff", AgentError, "without an answer"),
        (b"ERROR: Out of resources", AgentError, "no room for another peer"),
        (b"CHALLENGE\xff000000000", AgentError, "0 bytes"),
        (b"CHALLENGE\xff000001025", AgentError, "1025 bytes"),
        (b"CHALLENGE\xffabcdefghi", AgentError, "'abcdefghi' for a length"),
        (b"YES\xff", AgentError, "does not speak LRWP, it answered 'YES'"),
        (b"x" * 2000, AgentError, r"answered 'x{200} \.\.\.'"),
        (b"", AgentGone, "without an answer"),
    ],
)
def test_answers_that_are_none(pair, answer, error, message):
    peer, far = pair
    send_later(far, [answer])
    with pytest.raises(error, match=message):
        register(peer, SECOND)


def test_a_silent_agent_is_given_up(pair, monkeypatch):
    peer, _ = pair
    monkeypatch.setattr(registration, "_ANSWER_TIME", 0.05)
    with pytest.raises(AgentError, match="silent"):
        register(peer, CALC)


def test_an_agent_that_drips_is_given_up(pair, monkeypatch):
    peer, far = pair
    monkeypatch.setattr(registration, "_ANSWER_TIME", 0.2)
    stop = threading.Event()

    def drip():
        while not stop.wait(0.01):
            far.sendall(b"x")

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    with pytest.raises(AgentError):
        register(peer, SECOND)
    stop.set()
    thread.join(DEADLINE)


def test_a_request_that_stalls_is_given_up(pair, monkeypatch):
    peer, far = pair
    monkeypatch.setattr(stream, "PATIENCE", 0.05)
    far.sendall(b"0000")
    with pytest.raises(AgentError, match="silent"):
        read_request(peer)


def test_an_agent_that_reads_nothing_is_given_up(pair, monkeypatch):
    peer, _ = pair
    monkeypatch.setattr(stream, "PATIENCE", 0.05)
    with pytest.raises(AgentError, match="silent"):
        for _ in range(1000):
            peer.send(bytes(64 * 1024))


def test_variables_have_a_bound(pair):
    peer, far = pair
    far.sendall(b"004194305")
    with pytest.raises(AgentError, match="4194305 bytes of variables"):
        read_request(peer)


def test_a_large_body_is_in_a_file(pair, monkeypatch):
    peer, far = pair
    monkeypatch.setattr(request, "MEMORY_LIMIT", 1000)
    send_later(far, [format_request(b"x" * 1000), format_request(b"y" * 1001)])
    small, large = read_request(peer), read_request(peer)
    with pytest.raises(OSError):
        small.body.fileno()
    assert large.body.fileno() > 0
    assert large.body.read() == b"y" * 1001
    large.close()


def test_waiting_ends_by_a_byte_by_the_end_and_by_the_stop(pair):
    peer, far = pair
    near, other = socket.socketpair()
    with near, other:
        far.sendall(b"x")
        assert peer.wait(near.fileno())
        peer.read(1)
        other.sendall(b"x")
        assert not peer.wait(near.fileno())
        # What has arrived is answered, stop or not.
        far.sendall(b"y")
        assert peer.wait(near.fileno())
        peer.read(1)
        far.shutdown(socket.SHUT_WR)
        assert peer.wait(near.fileno())
        assert peer.peek(1) == b""
