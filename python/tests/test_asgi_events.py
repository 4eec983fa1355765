"""Valid and invalid events of ASGI applications."""

from __future__ import annotations

import contextlib

import pytest

from support.asgi_apps import BODY, START, answer, app_of, begin, piece
from taipan import dropped_fields

BAD_EVENTS = {
    "no dict": [(START, 200)],
    "none": None,
    "text": "http.response.start",
    "no type": {"status": 200},
    "type none": {"type": None},
    "type bytes": {"type": b"http.response.start", "status": 200},
    "unknown type": {"type": "http.response.unknown"},
    "request type": {"type": "http.request"},
    "websocket type": {"type": "websocket.send", "text": "x"},
    "no status": {"type": START, "headers": []},
    "status none": begin(None),
    "status text": begin("200"),
    "status float": begin(200.0),
    "status true": begin(True),
    "status bytes": begin(b"200"),
    "status 0": begin(0),
    "status 99": begin(99),
    "status 100": begin(100),
    "status 101": begin(101),
    "status 103": begin(103),
    "status 600": begin(600),
    "status 1000": begin(1000),
    "status -200": begin(-200),
    "status huge": begin(10**30),
    "headers none": {"type": START, "status": 200, "headers": None},
    "headers dict": {"type": START, "status": 200, "headers": {b"a": b"b"}},
    "headers text": {"type": START, "status": 200, "headers": "ab"},
    "headers bytes": {"type": START, "status": 200, "headers": b"ab"},
    "headers int": {"type": START, "status": 200, "headers": 5},
    "header none": begin(headers=[None]),
    "header text": begin(headers=["ab"]),
    "header bytes": begin(headers=[b"ab"]),
    "header of one": begin(headers=[(b"a",)]),
    "header of three": begin(headers=[(b"a", b"b", b"c")]),
    "name text": begin(headers=[("a", b"b")]),
    "value text": begin(headers=[(b"a", "b")]),
    "value int": begin(headers=[(b"a", 5)]),
    "value none": begin(headers=[(b"a", None)]),
    "name none": begin(headers=[(None, b"b")]),
    "length text": begin(headers=[(b"content-length", "5")]),
    "length int": begin(headers=[(b"content-length", 5)]),
    "name empty": begin(headers=[(b"", b"b")]),
    "name with space": begin(headers=[(b"a b", b"c")]),
    "name ends in space": begin(headers=[(b"a ", b"c")]),
    "name with colon": begin(headers=[(b"a:", b"c")]),
    "name with newline": begin(headers=[(b"a\r\nb", b"c")]),
    "name with nul": begin(headers=[(b"a\0", b"c")]),
    "name not ascii": begin(headers=[(b"\xe4", b"c")]),
    "value with cr": begin(headers=[(b"a", b"b\rc")]),
    "value with lf": begin(headers=[(b"a", b"b\nc")]),
    "value with crlf": begin(headers=[(b"a", b"b\r\nx: c")]),
    "value with nul": begin(headers=[(b"a", b"b\0")]),
    "value with del": begin(headers=[(b"a", b"b\x7f")]),
    "length not a number": begin(headers=[(b"content-length", b"five")]),
    "length negative": begin(headers=[(b"content-length", b"-5")]),
    "length with plus": begin(headers=[(b"content-length", b"+5")]),
    "length hex": begin(headers=[(b"content-length", b"0x5")]),
    "length empty": begin(headers=[(b"content-length", b"")]),
    "length list": begin(headers=[(b"content-length", b"5, 5")]),
    "length twice": begin(headers=[(b"content-length", b"5"), (b"Content-Length", b"5")]),
    "body first": piece(b"x"),
    "empty body first": piece(),
    "push": {"type": "http.response.push", "path": "/", "headers": []},
    "zero copy": {"type": "http.response.zerocopysend", "file": None},
    "trailers": {"type": "http.response.trailers", "headers": []},
    "path first": {"type": "http.response.pathsend", "path": "/etc/hostname"},
}


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_an_invalid_event_raises_and_the_application_can_still_answer(drive, name):
    caught = []

    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        try:
            await send(BAD_EVENTS[name])
        except Exception as error:
            caught.append(error)
        await answer(send, b"good", [(b"x-good", b"1")])

    driver = drive(app)
    stream = driver.get()
    assert len(caught) == 1 and not isinstance(caught[0], (KeyError, AttributeError, OSError))
    assert (stream.status, stream.body, stream.field("x-good")) == (200, b"good", "1")
    # If the application does not catch it, it is answered.
    broken = drive(app_of(BAD_EVENTS[name])).get()
    assert broken.status == 500 and broken.aborted is None and broken.freed


@pytest.mark.parametrize("body", ["text", None, 5, [b"x"]])
def test_a_body_that_is_no_bytes_raises_behind_the_start(drive, body):
    async def app(scope, receive, send):
        await send(begin())
        with contextlib.suppress(TypeError):
            await send({"type": BODY, "body": body})
        await send(piece(b"good"))

    stream = drive(app).get()
    assert (stream.status, stream.body) == (200, b"good")
    assert drive(app_of(begin(), {"type": BODY, "body": body})).get().status == 500


def test_a_second_start_raises(drive):
    for events in ((begin(), begin()), (begin(), piece(b"a", True), begin())):
        driver = drive(app_of(*events))
        stream = driver.get()
        assert stream.status == (500 if len(events) == 2 else 200)
        assert (stream.aborted is None) == (len(events) == 2)
        assert any("a second time" in text for text in driver.texts())


def test_extra_keys_are_ignored(drive):
    stream = drive(app_of({**begin(), "extra": 1}, {**piece(b"x"), "extra": 1})).get()
    assert stream.body == b"x"


def test_date_server_and_close_are_flags(drive):
    headers = [(b"date", b"x"), (b"Server", b"y"), (b"connection", b"foo, Close")]
    for _ in range(2):
        stream = drive(app_of(begin(headers=headers), piece())).get()
        assert stream.flags & 7 == 7
        assert [name for name, _ in stream.fields] == ["date", "Server", "Content-Length"]
    stream = drive(app_of(begin(headers=[(b"connection", b"keep-alive")]), piece())).get()
    assert stream.flags & 7 == 0


def test_framing_belongs_to_the_server(drive):
    names = [b"transfer-encoding", b"Transfer-Encoding", b"keep-alive", b"upgrade", b"te"]
    for value in (b"chunked", b"gzip, chunked", b"identity"):
        headers = [(name, value) for name in names]
        stream = drive(app_of(begin(headers=headers), piece(b"x"))).get()
        assert stream.fields == [("Content-Length", "1")] and stream.body == b"x"
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"1")]
    assert drive(app_of(begin(headers=headers), piece(b"x"))).get().length == 1


def test_dropped_fields_are_reported_once(drive, monkeypatch):
    monkeypatch.setattr(dropped_fields, "_reported", set())
    headers = [(b"Transfer-Encoding", b"zip"), (b"x-hop", b"1"), (b"Connection", b"x-hop, close")]
    driver = drive(app_of(begin(headers=headers), piece(b"x")))
    for _ in range(2):
        assert driver.get().fields == [("Content-Length", "1")]
    assert driver.texts("warning") == [
        f"the application sets {name}, which concerns the connection and is dropped"
        for name in ("Transfer-Encoding", "x-hop")
    ]


def test_repeated_fields_stay_apart_and_in_order(drive):
    headers = [(b"set-cookie", b"a=1"), (b"x", b"\xe4\t"), (b"set-cookie", b"b=2")]
    stream = drive(app_of(begin(headers=iter(headers)), piece())).get()
    assert stream.fields[:3] == [("set-cookie", "a=1"), ("x", "\xe4\t"), ("set-cookie", "b=2")]
    lists = [[b"x", b"1"], [b"y", b""]]
    assert drive(app_of(begin(headers=lists), piece())).get().fields[1] == ("y", "")


def test_names_and_values_may_be_like_bytes(drive):
    for kind in (bytearray, memoryview, lambda data: memoryview(bytearray(data))):
        # A known name, and a new one.
        name = b"x-%d" % len(str(kind))
        headers = [(kind(name), kind(b"1")), [kind(name), b"2"], (b"y", kind(b"3"))]
        stream = drive(app_of(begin(headers=headers), piece(b"ok"))).get()
        text = name.decode()
        assert stream.fields[:3] == [(text, "1"), (text, "2"), ("y", "3")]
        stream = drive(app_of(begin(headers=[(kind(b"content-length"), kind(b"2"))]), piece(b"ok")))
        assert stream.get().length == 2


def test_a_head_has_a_bound(drive):
    async def app(scope, receive, send):
        with pytest.raises(ValueError, match="headers are longer"):
            await send(begin(headers=[(b"x", b"v" * 1024)] * 17 * 1024))
        with pytest.raises(ValueError, match="headers are longer"):
            await send({"type": "http.response.early_hint", "links": [b"v" * 1024] * 17 * 1024})
        await send(begin(headers=[(b"x", b"v" * 100_000)]))
        await send(piece(b"ok"))

    stream = drive(app).get()
    assert stream.body == b"ok" and stream.fields[0] == ("x", "v" * 100_000)
