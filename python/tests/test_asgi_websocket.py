"""WebSockets of ASGI applications, frame by frame."""

from __future__ import annotations

import asyncio

import pytest

from support.asgi_driver import SOCKET
from taipan import frames
from taipan.asgi.stream import CREDIT, WINDOW

ACCEPT = {"type": "websocket.accept"}
CLOSE = {"type": "websocket.close"}
CONNECT = {"type": "websocket.connect"}


class Socket:
    """An application that records its events."""

    def __init__(self, run):
        self.run = run
        self.notes = []
        self.go = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            self.go = self.go or asyncio.Event()
            await self.run(self, scope, receive, send)


def sends(*events):
    async def run(lab, scope, receive, send):
        lab.notes.append(await receive())
        for event in events:
            await send(event)

    return Socket(run)


async def echo(lab, scope, receive, send):
    while True:
        event = await receive()
        lab.notes.append(event)
        if event["type"] == "websocket.connect":
            await send(ACCEPT)
        elif event["type"] == "websocket.receive":
            await send({**event, "type": "websocket.send"})
        else:
            return


def text(data):
    return {"type": "websocket.send", "text": data}


def test_a_scope_has_every_key(drive):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)

    driver = drive(app)
    driver.connect().wait()
    scope = scopes[-1]
    assert set(SOCKET) <= set(scope) and scope["subprotocols"] == ["chat", "echo"]
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["extensions"] == {"websocket.http.response": {}} and scope["state"] == {}


def test_messages_go_both_ways(drive):
    lab = Socket(echo)
    driver = drive(lab)
    stream = driver.connect()
    assert stream.accepted == ("", "") and stream.pulled == CREDIT
    for data in ("text", b"bytes", "", b"", "\u20ac"):
        stream.message(data)
    assert stream.messages == ["text", b"bytes", "", b"", "\u20ac"]
    stream.close(1001, "bye").wait()
    assert lab.notes[0] == CONNECT
    assert lab.notes[1] == {"type": "websocket.receive", "text": "text"}
    assert lab.notes[2] == {"type": "websocket.receive", "bytes": b"bytes"}
    assert lab.notes[-1] == {"type": "websocket.disconnect", "code": 1001, "reason": "bye"}
    assert stream.closed is None and driver.texts() == []


def test_messages_in_pieces_are_put_together(drive):
    lab = Socket(echo)
    stream = drive(lab).connect()
    stream.send(frames.MESSAGE, frames.MESSAGE_TEXT, b"one ")
    stream.send(frames.MESSAGE, frames.MESSAGE_TEXT | frames.MESSAGE_LAST, b"two")
    assert stream.messages == ["one two"]


def test_accept_names_subprotocol_and_headers(drive):
    headers = [(b"x-one", b"1"), (b"set-cookie", b"a"), (b"set-cookie", b"b")]
    headers += [(b"sec-websocket-accept", b"no"), (b"upgrade", b"no"), (b"connection", b"no")]
    stream = drive(sends({**ACCEPT, "subprotocol": "echo", "headers": headers})).connect().wait()
    assert stream.accepted == ("echo", "x-one: 1\r\nset-cookie: a\r\nset-cookie: b\r\n")
    assert stream.closed == (1000, "")


@pytest.mark.parametrize("code", [1005, 1006, 4321])
def test_the_code_of_the_client_is_told_every_time(drive, code):
    async def run(lab, scope, receive, send):
        await send(ACCEPT)
        lab.notes += [await receive() for _ in range(3)]

    lab = Socket(run)
    drive(lab).connect().close(code).wait()
    event = {"type": "websocket.disconnect", "code": code, "reason": ""}
    assert lab.notes == [CONNECT, event, event]


def test_messages_before_the_close_are_delivered(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        lab.notes.append(await receive())
        await lab.go.wait()
        lab.notes += [await receive() for _ in range(3)]

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect().message("a").message("b").message("c").close(1000)
    lab.go.set()
    stream.wait()
    assert [event.get("text", event.get("code")) for event in lab.notes] == ["a", "b", "c", 1000]


def test_the_own_code_comes_back(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        await send({**CLOSE, "code": 4001, "reason": "enough"})
        lab.notes.append(await receive())
        await lab.go.wait()
        lab.notes.append(await receive())
        for event in (text("x"), CLOSE, ACCEPT):
            with pytest.raises(OSError):
                await send(event)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect()
    assert stream.closed == (4001, "enough")
    stream.close(1006)
    lab.go.set()
    stream.wait()
    event = {"type": "websocket.disconnect", "code": 4001, "reason": "enough"}
    assert lab.notes == [event, event] and driver.texts() == []


def test_the_default_close_is_1000(drive):
    for event in (CLOSE, {**CLOSE, "code": None, "reason": None}):
        assert drive(sends(ACCEPT, event)).connect().wait().closed == (1000, "")
    assert drive(sends(ACCEPT)).connect().wait().closed == (1000, "")


def test_close_before_accept_is_403(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send({**CLOSE, "code": 4000})
        lab.notes.append(await receive())
        with pytest.raises(OSError):
            await send(ACCEPT)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect().wait()
    assert (stream.status, stream.body, stream.accepted) == (403, b"", None)
    assert stream.ended and stream.kinds == [frames.ANSWER]
    assert lab.notes == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]
    assert driver.texts() == []


def denial(status=401, headers=()):
    kind = "websocket.http.response.start"
    return {"type": kind, "status": status, "headers": list(headers)}


def denial_body(data, more=False):
    return {"type": "websocket.http.response.body", "body": data, "more_body": more}


def test_a_denial_is_a_response(drive):
    events = denial(headers=[(b"x", b"1")]), denial_body(b"no ", True), denial_body(b"way")
    driver = drive(sends(*events))
    stream = driver.connect().wait()
    assert (stream.status, stream.body, stream.field("x")) == (401, b"no way", "1")
    assert stream.ended and stream.aborted is None and driver.texts() == []
    stream = drive(sends(denial(), denial_body(b"whole"))).connect().wait()
    assert stream.length == 5 and stream.kinds == [frames.ANSWER]


def test_a_large_denial_waits_for_the_window(drive):
    stream = drive(sends(denial(), denial_body(b"x" * WINDOW * 2))).connect()
    assert len(stream.body) == WINDOW
    stream.take(WINDOW).wait()
    assert len(stream.body) == WINDOW * 2 and stream.ended


@pytest.mark.parametrize(
    "events",
    [(denial(),), (denial(), ACCEPT), (denial_body(b"x"),), (denial(99),), (denial(), denial())],
)
def test_unfinished_denials_are_500(drive, events):
    driver = drive(sends(*events))
    stream = driver.connect().wait()
    assert stream.status == 500 and stream.accepted is None and len(driver.texts()) == 1


def test_a_broken_denial_is_cut(drive):
    stream = drive(sends(denial(), denial_body(b"x", True))).connect().wait()
    assert stream.status == 401 and stream.aborted is not None


@pytest.mark.parametrize(
    "error", [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError]
)
def test_a_crash_is_1011_or_500(drive, error):
    async def run(lab, scope, receive, send):
        if scope["path"] == "/open":
            await send(ACCEPT)
        raise error("on purpose")

    driver = drive(Socket(run))
    assert driver.connect(path="/open").wait().closed == (1011, "")
    assert driver.connect().wait().status == 500
    assert len(driver.texts()) == 2 and "on purpose" in driver.records[-1]["traceback"]
    assert driver.records[-1]["request"] is not None


def test_a_return_without_an_answer_is_500(drive):
    driver = drive(sends())
    assert driver.connect().wait().status == 500
    assert len(driver.texts()) == 1


BAD_EVENTS = {
    "no dict": "websocket.send",
    "no type": {"text": "x"},
    "unknown": {"type": "websocket.unknown"},
    "http": {"type": "http.response.start", "status": 200},
    "receive": {"type": "websocket.receive", "text": "x"},
    "neither": {"type": "websocket.send"},
    "neither but none": {"type": "websocket.send", "text": None, "bytes": None},
    "both": {"type": "websocket.send", "text": "x", "bytes": b"x"},
    "both empty": {"type": "websocket.send", "text": "", "bytes": b""},
    "text bytes": {"type": "websocket.send", "text": b"x"},
    "bytes text": {"type": "websocket.send", "bytes": "x"},
    "text int": {"type": "websocket.send", "text": 5},
    "lone surrogate": {"type": "websocket.send", "text": "\udc80"},
    "second accept": ACCEPT,
    "denial": denial(),
    **{
        f"code {code}": {**CLOSE, "code": code}
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65536, -1, "1000", 1e3, True)
    },
    "reason long": {**CLOSE, "reason": "x" * 124},
    "reason long in bytes": {**CLOSE, "reason": "\u20ac" * 42},
    "reason bytes": {**CLOSE, "reason": b"x"},
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_invalid_events_raise_and_the_socket_goes_on(drive, name):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        try:
            await send(BAD_EVENTS[name])
        except (TypeError, ValueError, RuntimeError) as error:
            lab.notes.append(error)
        await send(text("good"))

    lab = Socket(run)
    stream = drive(lab).connect().wait()
    assert len(lab.notes) == 1 and not isinstance(lab.notes[0], OSError)
    assert stream.messages == ["good"] and stream.closed == (1000, "")
    assert drive(sends(ACCEPT, BAD_EVENTS[name])).connect().wait().closed == (1011, "")


@pytest.mark.parametrize(
    "event",
    [
        {**ACCEPT, "subprotocol": b"chat"},
        {**ACCEPT, "subprotocol": "a b"},
        {**ACCEPT, "subprotocol": "a\r\nb"},
        {**ACCEPT, "subprotocol": ""},
        {**ACCEPT, "headers": [("a", b"b")]},
        {**ACCEPT, "headers": [(b"a", b"b\r\nc")]},
        {**ACCEPT, "headers": [(b"sec-websocket-protocol", b"chat")]},
        {**ACCEPT, "headers": [(b"a",)]},
        text("too early"),
    ],
)
def test_invalid_accepts_raise_and_the_handshake_waits(drive, event):
    async def run(lab, scope, receive, send):
        try:
            await send(event)
        except (TypeError, ValueError, RuntimeError) as error:
            lab.notes.append(error)
        await send(ACCEPT)

    lab = Socket(run)
    stream = drive(lab).connect().wait()
    assert len(lab.notes) == 1 and stream.accepted == ("", "")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1012, 1014, 3000, 4999])
def test_legal_codes_and_reasons_go_out(drive, code):
    event = {**CLOSE, "code": code, "reason": "\u20ac" * 41}
    assert drive(sends(ACCEPT, event)).connect().wait().closed == (code, "\u20ac" * 41)


def test_send_behind_the_client_raises_an_oserror_that_is_not_logged(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        await lab.go.wait()
        with pytest.raises(OSError):
            await send(CLOSE)
        await send(text("x"))

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect().close(1006)
    lab.go.set()
    stream.wait()
    assert driver.texts() == [] and stream.closed is None


def test_a_client_that_leaves_before_the_accept(drive):
    async def run(lab, scope, receive, send):
        await receive()
        lab.notes.append(await receive())
        with pytest.raises(OSError):
            await send(ACCEPT)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect().leave().wait()
    assert lab.notes[0]["code"] == 1006 and stream.accepted is None and stream.status is None
    assert driver.texts() == []


def test_cancel_ends_the_application(drive):
    async def run(lab, scope, receive, send):
        await send(ACCEPT)
        try:
            await asyncio.sleep(3600)
        finally:
            lab.notes.append("cleaned")

    lab = Socket(run)
    driver = drive(lab)
    driver.connect().close(1006).leave(cancel=True).wait()
    assert lab.notes == ["cleaned"] and driver.texts() == []


def test_messages_are_let_in_as_they_are_taken(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        while True:
            await lab.go.wait()
            lab.notes.append(await receive())
            await asyncio.sleep(0)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect()
    # No message arrives before the application asks.
    assert stream.accepted and stream.pulled == 0
    lab.go.set()
    driver.turns()
    assert stream.pulled == CREDIT
    lab.go.clear()
    stream.message(b"x" * CREDIT)
    driver.turns()
    pulled = 2 * CREDIT + frames.MESSAGE_COST
    assert stream.pulled == pulled
    lab.go.set()
    count = CREDIT // 2 // frames.MESSAGE_COST
    for _ in range(count):
        driver.feed(frames.encode(frames.MESSAGE, frames.MESSAGE_LAST, b"", stream.number))
    driver.turns(2 * count)
    assert stream.pulled == pulled + CREDIT // 2


def test_large_messages_go_in_pieces_that_are_not_mixed(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)

        async def one(letter):
            await send({"type": "websocket.send", "bytes": letter * WINDOW * 2})
            lab.notes.append(letter)

        tasks = [asyncio.ensure_future(one(letter)) for letter in (b"a", b"b", b"c")]
        await asyncio.wait(tasks)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect()
    assert stream.messages == [] and lab.notes == []
    while not stream.freed:
        stream.take(WINDOW // 2)
    assert stream.messages == [letter * WINDOW * 2 for letter in (b"a", b"b", b"c")]
    assert lab.notes == [b"a", b"b", b"c"]


def test_a_text_is_split_anywhere(drive):
    data = "\u20ac" * WINDOW
    stream = drive(sends(ACCEPT, text(data))).connect()
    while not stream.freed:
        stream.take(WINDOW // 3)
    assert stream.messages == [data]


@pytest.mark.parametrize("data", ["", "x"])
def test_small_messages_wait_for_the_client_too(drive, data):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        while not lab.go.is_set():
            await send(text(data))
            lab.notes.append(data)

    lab = Socket(run)
    driver = drive(lab)
    stream = driver.connect()
    driver.turns(10)
    cost = frames.MESSAGE_COST + len(data)
    most = WINDOW // cost
    assert len(stream.messages) == len(lab.notes) == most
    stream.take(WINDOW // 2)
    driver.turns(10)
    assert most < len(stream.messages) <= most + WINDOW // 2 // cost + 1
    lab.go.set()
    stream.take(WINDOW)
    stream.wait()
    assert set(stream.messages) == {data}


def test_a_client_that_leaves_ends_a_wait_for_it(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        try:
            while True:
                await send(text(""))
        except OSError:
            lab.notes.append("gone")

    lab = Socket(run)
    drive(lab).connect().close(1006).wait()
    assert lab.notes == ["gone"]


def test_a_close_of_the_client_ends_a_send_that_waits(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        try:
            await send(text("x" * WINDOW * 2))
        except OSError:
            lab.notes.append("gone")

    lab = Socket(run)
    drive(lab).connect().close(1006).wait()
    assert lab.notes == ["gone"]


def test_only_futures_are_yielded(drive):
    async def run(lab, scope, receive, send):
        await receive()
        await send(ACCEPT)
        for coroutine in (receive(), send(text("x" * WINDOW * 2))):
            lab.notes.append(coroutine.send(None))
            coroutine.close()

    lab = Socket(run)
    driver = drive(lab)
    driver.connect()
    driver.turns()
    assert len(lab.notes) == 2
    assert all(isinstance(yielded, asyncio.Future) for yielded in lab.notes)
