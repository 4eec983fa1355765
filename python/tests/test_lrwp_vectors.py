"""The bytes between peers and agents, by the vectors shared with the agent in TypeScript."""

import json
import socket
from contextlib import closing
from pathlib import Path

import pytest

from taipan.lrwp.output import CountedOutput
from taipan.lrwp.registration import Registration, format_proof, format_registration, register
from taipan.lrwp.request import read_request
from taipan.lrwp.stream import AgentStream

VECTORS = json.loads(
    (Path(__file__).parents[2] / "test" / "vectors" / "lrwp.json").read_text("utf-8")
)


def each(kind):
    return pytest.mark.parametrize("vector", VECTORS[kind], ids=lambda vector: vector["name"])


def take(vector, key):
    return bytes.fromhex(vector[f"{key}_hex"])


@pytest.fixture
def connection():
    """The stream of a peer, and the socket of its agent."""
    peer, agent = socket.socketpair()
    with closing(peer), closing(agent):
        agent.settimeout(30)
        yield AgentStream(peer), agent


@each("registrations")
def test_a_registration_is_written(vector):
    given = vector["registration"]
    registration = Registration(given["name"], given["host"], given["password"].encode())
    assert format_registration(registration) == take(vector, "bytes")


@each("proofs")
def test_a_challenge_is_met(vector, connection):
    stream, agent = connection
    password = vector["password"].encode()
    proof = take(vector, "proof")
    assert format_proof(take(vector, "challenge"), password) == proof
    agent.sendall(take(vector, "message") + b"OK\xff")
    registration = Registration("calc", password=password)
    register(stream, registration)
    assert agent.recv(1024) == format_registration(registration) + proof


@each("requests")
def test_a_request_is_read(vector, connection):
    stream, agent = connection
    agent.sendall(take(vector, "bytes"))
    request = read_request(stream)
    expected = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in vector["variables"]
    ]
    assert list(request.variables.items()) == expected
    assert request.body.read() == take(vector, "body")
    request.close()


@each("responses")
def test_a_response_is_written(vector, connection):
    stream, agent = connection
    with closing(CountedOutput()) as output:
        output.write(take(vector, "output"))
        output.send(stream)
    expected = take(vector, "bytes")
    assert agent.recv(len(expected) + 1) == expected
