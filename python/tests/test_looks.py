"""Requests that came together share a look at the files of modules."""

import marshal
import threading
from socket import socketpair

import pytest

from taipan import frames
from taipan.loader.code_cache import CodeCache
from taipan.looks import forget_looks, look
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.transports.socket import ThreadSocket


class Site:
    """A folder whose requests answer with the value of a module, and do what they say."""

    def __init__(self, folder):
        self._file = folder / "helper.py"
        self._modules = FolderModules(str(folder), CodeCache())
        self._node, self._socket = socketpair()
        self._node.settimeout(10)
        self._decoder = frames.Decoder()
        self._serial = 0
        self.write(0)
        transport = ThreadSocket(self._socket)
        self._thread = threading.Thread(target=transport.serve, args=(self._answer,))
        self._thread.start()

    def write(self, value):
        self._file.write_text(f"VALUE = {value}{'0' * value}")

    def ask(self, *requests):
        """Sends requests in one piece; gives their answers."""
        sent = b""
        for request in requests:
            self._serial += 1
            payload = marshal.dumps((0, request, b""))
            sent += frames.encode(frames.REQUEST, 0, payload, self._serial)
        self._node.sendall(sent)
        return [self._receive() for _ in requests]

    def _receive(self):
        while True:
            for frame in self._decoder.frames():
                if frame.kind == frames.DATA:
                    return int(frame.payload)
            self._decoder.feed(self._node.recv(1000))

    def _answer(self, request, transport):
        done = request[1]
        if "value before" in done:
            self.write(done["value before"])
            forget_looks()
        names = {"__builtins__": self._modules.refresh()}
        exec("import helper", names)
        value = str(names["helper"].VALUE)[0].encode()
        if "value" in done:
            self.write(done["value"])
        transport.send(200, 0, 1, b"OK\r\n", value, True)

    def close(self):
        self._node.close()
        self._thread.join(10)
        self._socket.close()


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    made.close()


def test_they_see_what_was_there_when_they_came(site):
    assert site.ask({}) == [0]
    assert site.ask({}, {"value": 1}, {}, {}) == [0, 0, 0, 0]
    assert site.ask({}, {"value": 2}) == [1, 1]
    assert site.ask({}) == [2]


def test_a_change_of_one_is_seen_by_the_next_answer(site):
    for value in range(1, 5):
        site.ask({}, {"value": value}, {})
        assert site.ask({}) == [value]


def test_who_may_have_changed_files_looks_again(site):
    assert site.ask({}) == [0]
    assert site.ask({}, {"value before": 3}) == [0, 3]


def test_other_threads_always_look(tmp_path):
    file = tmp_path / "file"
    assert look(str(file)) is None
    file.write_text("1")
    assert look(str(file)).st_size == 1
