"""WebSockets of WSGI applications, without Node."""

import threading

import pytest

from taipan.frames import (
    ACCEPT,
    BROKEN,
    CLOSE,
    CLOSE_PAYLOAD,
    MESSAGE,
    MESSAGE_LAST,
    MESSAGE_TEXT,
    PULL,
    WINDOW,
    WINDOW_PAYLOAD,
)
from taipan.wsgi.websocket import WebSocket, WebSocketClosed
from taipan.wsgi.websocket.framing import (
    BINARY,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Frame,
    FrameReader,
    encode_from_client,
)
from taipan.wsgi.websocket.framing import (
    CLOSE as CLOSE_FRAME,
)
from taipan.wsgi.websocket.raw_socket import RawSocket

HANDSHAKE = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: x\r\nSec-WebSocket-Protocol: chat\r\nX-Mine: yes\r\n\r\n"
)


class Line:
    """Keeps what is sent, and gives frames to the WebSocket when it waits for them."""

    def __init__(self):
        self.sent = []
        self.later = []
        self.socket = WebSocket(self, "chat,other", lambda: True)
        self._news = threading.Event()

    def put_frame(self, kind, flags, payload):
        self.sent.append((kind, flags, payload))
        if kind == CLOSE:
            self.later.append((CLOSE, 0, payload))

    def wait_for_frames(self, seconds):
        if not self.later:
            self._news.wait(min(seconds, 0.01))
        while self.later:
            self.socket.take_frame(*self.later.pop(0))

    def kinds(self):
        return [kind for kind, _, _ in self.sent]


@pytest.fixture
def line():
    return Line()


def close_payload(code, reason=b""):
    return CLOSE_PAYLOAD.pack(code) + reason


def test_nothing_goes_before_accept(line):
    socket = line.socket
    assert socket.subprotocols == ("chat", "other")
    for call in (lambda: socket.send("x"), socket.receive, socket.close):
        with pytest.raises(RuntimeError, match="not accepted"):
            call()
    socket.accept("chat", [("X-Mine", "yes"), ("Upgrade", "dropped")])
    assert line.sent == [(ACCEPT, 0, b"chat\r\nX-Mine: yes\r\n")]
    with pytest.raises(RuntimeError, match="already"):
        socket.accept()


def test_wrong_values_raise_and_change_nothing(line):
    with pytest.raises(ValueError, match="subprotocol"):
        line.socket.accept("not a token")
    with pytest.raises(ValueError, match="header"):
        line.socket.accept(None, [("X-Two", "lines\r\nX-More: 1")])
    assert line.sent == []
    line.socket.accept()
    for code in (999, 1005, 1006, 1015, 2999, 5000):
        with pytest.raises(ValueError, match="code"):
            line.socket.close(code)
    with pytest.raises(ValueError, match="123 bytes"):
        line.socket.close(1000, "é" * 62)
    with pytest.raises(TypeError):
        line.socket.send(7)
    assert line.kinds() == [ACCEPT]


def test_messages_are_put_together_and_granted_again(line):
    socket = line.socket
    socket.accept()
    line.later += [
        (MESSAGE, MESSAGE_TEXT, b"gr\xc3"),
        (MESSAGE, MESSAGE_TEXT | MESSAGE_LAST, b"\xbcn"),
        (MESSAGE, MESSAGE_LAST, b"x" * 40_000),
    ]
    assert socket.receive() == "grün"
    assert socket.receive() == b"x" * 40_000
    assert socket.receive(timeout=0) is None
    assert line.kinds() == [ACCEPT, PULL, PULL]


def test_a_sender_waits_for_its_window(line):
    socket = line.socket
    socket.accept()
    socket.send(bytes(262_144))
    pieces = [payload for kind, _, payload in line.sent if kind == MESSAGE]
    assert [len(piece) for piece in pieces] == [131_072, 131_072]
    sender = threading.Thread(target=socket.send, args=("late",))
    sender.start()
    sender.join(0.05)
    assert sender.is_alive()
    line.later.append((WINDOW, 0, WINDOW_PAYLOAD.pack(262_208)))
    sender.join(20)
    assert line.sent[-1] == (MESSAGE, MESSAGE_TEXT | MESSAGE_LAST, b"late")


@pytest.mark.parametrize(
    ("frame", "code"),
    [((CLOSE, 0, close_payload(3001, b"bye")), 3001), ((BROKEN, 0, b"gone"), 1006)],
)
def test_the_end_of_the_other_side(line, frame, code):
    socket = line.socket
    socket.accept()
    line.later += [(MESSAGE, MESSAGE_LAST, b"before"), frame]
    # What came before the end is still received.
    assert list(socket) == [b"before"]
    assert (socket.closed, socket.code) == (True, code)
    with pytest.raises(WebSocketClosed) as caught:
        socket.send("x")
    assert caught.value.code == code
    socket.close()
    socket.finish(1000)


def test_a_waiting_thread_is_let_go_at_the_end(line):
    socket = line.socket
    socket.accept()
    caught = []

    def receive():
        try:
            socket.receive()
        except WebSocketClosed as closed:
            caught.append(closed.code)

    thread = threading.Thread(target=receive)
    thread.start()
    socket.finish(1000)
    thread.join(20)
    assert caught == [1000]
    assert line.sent[-1] == (CLOSE, 0, close_payload(1000))


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_clients_are_masked_by_nothing(size):
    data = encode_from_client(BINARY, b"a" * size)
    assert data[1] & 0x80
    assert list(FrameReader().feed(data)) == [Frame(BINARY, True, b"a" * size)]


def test_frames_come_in_any_pieces():
    whole = b"\x01\x02he" + b"\x80\x83\x01\x02\x03\x04" + bytes((0x6D, 0x6E, 0x6C)) + b"\x89\x00"
    reader = FrameReader()
    frames = [frame for byte in whole for frame in reader.feed(bytes((byte,)))]
    assert frames == [
        Frame(TEXT, False, b"he"),
        Frame(CONTINUATION, True, b"llo"),
        Frame(PING, True, b""),
    ]


def test_a_library_finds_a_socket(line):
    raw = RawSocket(line.socket)
    assert raw.send(HANDSHAKE[:20]) == 20
    assert raw.send(HANDSHAKE[20:] + b"\x81\x02hi" + b"\x89\x01p") > 0
    assert line.sent[0] == (ACCEPT, 0, b"chat\r\nX-Mine: yes\r\n")
    raw.settimeout(20)
    assert raw.recv(100) == encode_from_client(PONG, b"p")
    line.later.append((MESSAGE, MESSAGE_TEXT | MESSAGE_LAST, b"from the client"))
    assert raw.recv(100) == encode_from_client(TEXT, b"from the client")
    assert (MESSAGE, MESSAGE_TEXT | MESSAGE_LAST, b"hi") in line.sent
    raw.send(b"\x88\x05\x0f\xa2bye")
    assert (CLOSE, 0, close_payload(4002, b"bye")) in line.sent
    assert raw.recv(100) == encode_from_client(CLOSE_FRAME, b"\x0f\xa2bye")
    assert raw.recv(100) == b""
    raw.close()
    raw.end()


def test_a_library_that_denies_by_itself_is_told_how(line):
    with pytest.raises(ConnectionError, match="WSGI"):
        RawSocket(line.socket).send(b"HTTP/1.1 403 No\r\n\r\n")
    assert line.sent == []
