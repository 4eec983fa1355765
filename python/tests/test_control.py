"""The control channel of a worker."""

from __future__ import annotations

import json
import os
import socket
import threading

import pytest

from support.worker_process import DEADLINE, Peer
from taipan import frames
from taipan.control import ControlChannel, ControlThread


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    yield Peer(near), ControlChannel(far)
    near.close()
    far.close()


def encode(message):
    return frames.encode(frames.CONTROL, 0, json.dumps(message).encode())


def run(channel, handlers):
    ended = []
    thread = threading.Thread(
        target=ControlThread(channel, handlers, lambda: ended.append(True))._run
    )
    thread.start()
    return thread, ended


def test_messages_come_whole_however_they_are_cut(ends):
    node, channel = ends
    taken = []
    thread, ended = run(channel, {"note": taken.append})
    for byte in encode({"type": "note", "text": "ä"}) + encode({"type": "unknown"}):
        node.send(bytes([byte]))
    node.send(encode({"type": "note", "text": "b"}) * 2)
    node.socket.close()
    thread.join(DEADLINE)
    assert [message["text"] for message in taken] == ["ä", "b", "b"]
    assert ended == [True]


def test_the_first_message_is_the_configuration(ends):
    node, channel = ends
    node.send(encode({"threads": 1}) + encode({"type": "ping"}) + encode({"type": "stop"}))
    assert channel.receive() == {"threads": 1}
    assert [message["type"] for message in channel.take_pending()] == ["ping", "stop"]


def test_an_end_before_the_configuration(ends):
    node, channel = ends
    node.socket.close()
    with pytest.raises(EOFError):
        channel.receive()
    assert channel.take_messages() is None


def test_what_has_arrived_is_taken_without_waiting_for_more(ends):
    node, channel = ends
    whole = encode({"type": "a"})
    node.send(whole + whole[:5])
    assert channel.take_messages() == [{"type": "a"}]
    node.send(whole[5:])
    assert channel.take_messages() == [{"type": "a"}]


def test_other_frames_end_the_channel_with_words(ends, capfd):
    node, channel = ends
    thread, ended = run(channel, {})
    node.send(frames.encode(frames.REQUEST, 0, b"x"))
    thread.join(DEADLINE)
    assert ended == [True]
    assert "unexpected frame of type 1 on the control channel" in capfd.readouterr().err


def test_sending_to_nobody_has_no_effect(ends):
    node, channel = ends
    node.socket.close()
    channel.send({"type": "log"})
    assert channel.closed
    channel.send({"type": "log"})


def test_values_that_json_lacks_are_sent_as_text(ends):
    node, channel = ends
    channel.send({"type": "log", "path": os, "text": "ä"})
    message = json.loads(node.expect(frames.CONTROL).payload)
    assert message["text"] == "ä" and message["path"] == str(os)


def test_a_message_of_an_interrupted_send_follows(ends):
    """As of a destructor or signal handler that runs within `send`."""
    node, channel = ends

    class Unusual:
        def __str__(self):
            return "unusual"

    class Socket:
        def __init__(self, sock):
            self.sock = sock
            self.interrupted = False

        def sendall(self, data):
            if not self.interrupted:
                self.interrupted = True
                channel.send({"type": "second", "value": Unusual()})
            self.sock.sendall(data)

    channel._socket = Socket(channel._socket)
    channel.send({"type": "first"})
    found = [json.loads(node.expect(frames.CONTROL).payload)["type"] for _ in range(2)]
    assert found == ["first", "second"]


def test_in_a_forked_process_it_belongs_to_another_server(ends):
    node, channel = ends
    assert not channel.orphaned
    near, far = socket.socketpair()
    with near:
        channel.move_to_child(lambda: far, os.getpid())
        assert channel.fileno() == far.fileno()
        channel.send({"type": "moved"})
        assert Peer(near).expect(frames.CONTROL).payload == b'{"type":"moved"}'
        assert not channel.orphaned
        far.close()
    assert node.next() is None


def test_it_is_orphaned_when_its_server_has_ended(ends):
    _node, channel = ends
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    near, far = socket.socketpair()
    with near, far:
        channel.move_to_child(lambda: far, pid)
        assert channel.orphaned
        assert list(channel.messages()) == []


def test_children_do_not_send_in_the_name_of_their_parent(ends):
    node, channel = ends
    pid = os.fork()
    if pid == 0:
        channel.send({"type": "child"})
        os._exit(0)
    os.waitpid(pid, 0)
    channel.send({"type": "parent"})
    assert node.expect(frames.CONTROL).payload == b'{"type":"parent"}'
