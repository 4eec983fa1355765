"""Descriptors of workers arrive in parts, and from several at a time."""

import os
import socket
import struct

import pytest

from taipan.preload.door import Door, DoorClosed


@pytest.fixture
def ends():
    near, far = socket.socketpair()
    with near, far:
        yield near, Door(far)


def send(near, number, count, descriptors):
    head = struct.pack("!II", number, count)
    rights = struct.pack(f"{len(descriptors)}i", *descriptors)
    near.sendmsg([head], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


def test_a_set_is_complete_when_all_its_parts_are_there(ends):
    near, door = ends
    read, write = os.pipe()
    send(near, 7, 150, [write] * 100)
    send(near, 8, 1, [write])
    send(near, 7, 150, [write] * 50)
    arrived = [list(door.receive()) for _ in range(3)]
    os.close(write)
    assert [[(number, len(all_)) for number, all_ in part] for part in arrived] == [
        [],
        [(8, 1)],
        [(7, 150)],
    ]
    for _, descriptors in arrived[1] + arrived[2]:
        for descriptor in descriptors:
            assert not os.get_inheritable(descriptor)
            os.close(descriptor)
    assert os.read(read, 1) == b""
    os.close(read)


def test_the_end_of_the_server_is_told(ends):
    near, door = ends
    near.close()
    with pytest.raises(DoorClosed):
        list(door.receive())
