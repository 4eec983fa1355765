"""HTTP requests of ASGI applications, frame by frame."""

from __future__ import annotations

import asyncio
import contextlib
import http

import pytest

from support.asgi_driver import GET
from taipan import frames
from taipan.asgi.stream import WINDOW

START = "http.response.start"
BODY = "http.response.body"
DISCONNECT = {"type": "http.disconnect"}


async def nothing(send):
    await send({"type": START, "status": 200, "headers": []})


def begin(status=200, headers=(), **more):
    return {"type": START, "status": status, "headers": list(headers), **more}


def piece(data=b"", more=False):
    return {"type": BODY, "body": data, "more_body": more}


def app_of(*events):
    """An application that sends these events."""

    async def app(scope, receive, send):
        if scope["type"] == "http":
            for event in events:
                await send(event)

    return app


async def answer(send, data=b"ok", headers=(), status=200):
    await send(begin(status, headers))
    await send(piece(data))


class Lab:
    """An application that keeps what it saw."""

    def __init__(self, run):
        self.run = run
        self.notes = []
        self.go = None

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http":
            self.go = self.go or asyncio.Event()
            await self.run(self, scope, receive, send)


# Scope


def test_a_scope_has_every_key(drive):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await answer(send)

    driver = drive(app)
    driver.get(headers=[(b"x", b"1"), (b"a", b"2"), (b"x", b"3")])
    scope = scopes[-1]
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.5"}
    assert scope["extensions"] == {"http.response.pathsend": {}, "http.response.early_hint": {}}
    assert scope["state"] == {}
    assert [tuple(pair) for pair in scope["headers"]] == [(b"x", b"1"), (b"a", b"2"), (b"x", b"3")]
    assert set(GET) <= set(scope)


def test_nothing_that_an_application_changes_is_seen_by_another_request(drive):
    async def app(scope, receive, send):
        seen = repr((scope["asgi"], scope["extensions"], scope["state"], scope["headers"]))
        for key in ("asgi", "extensions", "state"):
            scope[key]["spoiled"] = True
        for inner in scope["extensions"].values():
            if isinstance(inner, dict):
                inner["spoiled"] = True
        scope["headers"].append((b"spoiled", b""))
        await answer(send, seen.encode())

    driver = drive(app)
    assert b"spoiled" not in driver.get().body
    assert b"spoiled" not in driver.get().body


def test_extensions_are_offered_where_they_work(drive):
    async def app(scope, receive, send):
        await answer(send, b" ".join(name.encode() for name in sorted(scope["extensions"])))

    driver = drive(app)
    assert driver.get(http_version="1.0").body == b"http.response.pathsend"
    both = b"http.response.early_hint http.response.pathsend"
    assert driver.get().body == both
    for value in (b"trailers", b"gzip, trailers", b"gzip;q=0.5,Trailers ;q=1"):
        assert driver.get(headers=[(b"te", value)]).body == both + b" http.response.trailers"
    lines = [(b"te", b"gzip"), (b"x", b"y"), (b"te", b"trailers")]
    assert driver.get(headers=lines).body == both + b" http.response.trailers"
    assert driver.get(headers=lines, http_version="1.0").body == b"http.response.pathsend"
    for name, value in ((b"te", b"trailers2"), (b"te", b"gzip"), (b"xte", b"trailers")):
        assert driver.get(headers=[(name, value)]).body == both


# Answers


def test_a_short_answer_is_one_frame(drive):
    driver = drive(app_of(begin(headers=[(b"content-type", b"text/plain")]), piece(b"hello")))
    stream = driver.get()
    assert stream.kinds == [frames.ANSWER]
    assert (stream.status, stream.reason, stream.body) == (200, "OK", b"hello")
    assert stream.flags == frames.HEAD_LENGTH and stream.length == 5
    assert stream.fields == [("content-type", "text/plain"), ("Content-Length", "5")]
    assert driver.hub.active == 0


def test_many_requests_share_one_turn(drive):
    async def app(scope, receive, send):
        await answer(send, scope["path"].encode())

    driver = drive(app)
    streams = [driver.begin(path=f"/{index}") for index in range(40)]
    assert [stream.body for stream in streams] == [b"/%d" % index for index in range(40)]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_frames_may_come_in_any_pieces(drive, size):
    async def app(scope, receive, send):
        data = b""
        while True:
            event = await receive()
            data += event["body"]
            if not event["more_body"]:
                break
        await answer(send, data)

    driver = drive(app)
    receive = driver.hub.receive

    def in_pieces(data):
        for at in range(0, len(data), size):
            receive(memoryview(bytearray(data[at : at + size])))

    driver.hub.receive = in_pieces
    assert driver.get(body=b"whole").body == b"whole"
    stream = driver.begin(body=None)
    stream.give(b"a" * 50).give(b"b" * 50, last=True).wait()
    assert stream.body == b"a" * 50 + b"b" * 50


def test_foreign_frames_are_errors_and_late_ones_are_not(drive):
    driver = drive(app_of(begin(), piece()))
    driver.get().send(frames.BODY, 1, b"late").send(frames.WINDOW, 0, b"\1\0\0\0")
    with pytest.raises(frames.FrameError):
        driver.hub.receive(frames.HEADER.pack(1, 0, 1, frames.PAYLOAD_LIMIT + 1))
    waiting = drive(Lab(lambda lab, scope, receive, send: lab.go.wait()))
    stream = waiting.begin()
    with pytest.raises(frames.FrameError):
        waiting.hub.receive(frames.encode(frames.HEAD, 0, b"", stream.number))


def test_the_answer_is_on_its_way_before_the_application_returns(drive):
    async def run(lab, scope, receive, send):
        await answer(send)
        await lab.go.wait()
        lab.notes.append("background")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert stream.ended and stream.body == b"ok" and not stream.freed
    assert driver.hub.active == 1
    stream.leave(cancel=True)
    lab.go.set()
    stream.wait()
    assert lab.notes == ["background"] and driver.hub.active == 0
    assert stream.kinds == [frames.ANSWER, frames.FREE]


def test_the_head_waits_for_the_body(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        await lab.go.wait()
        await send(piece(b"x", True))
        await asyncio.sleep(0)
        await send(piece())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert stream.kinds == []
    lab.go.set()
    stream.wait()
    assert stream.body == b"x" and stream.aborted is None
    assert not stream.flags & frames.HEAD_LENGTH


def test_pieces_leave_one_by_one(drive):
    async def run(lab, scope, receive, send):
        await send(begin(headers=[(b"content-type", b"text/event-stream")]))
        for index in range(3):
            await send(piece(b"data: %d\n\n" % index, True))
            await lab.go.wait()
            lab.go.clear()
        await send(piece())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    for index in range(3):
        assert stream.pieces == [b"data: %d\n\n" % i for i in range(index + 1)]
        lab.go.set()
        driver.turns()
    assert stream.freed and stream.ended


def test_pieces_of_one_turn_are_one_frame(drive):
    async def run(lab, scope, receive, send):
        name = scope["path"].encode()
        await send(begin())
        await send(piece(name + b"1", True))
        await send(piece(name + b"2", True))
        await asyncio.sleep(0)
        # The others have sent something between.
        await send(piece(name + b"3", True))
        await send(piece(name + b"4", True))
        await lab.go.wait()
        await send(piece(name + b"5", True))
        await send(piece(name + b"6"))

    lab = Lab(run)
    driver = drive(lab)
    names = ["/a", "/b", "/c"]
    streams = [driver.begin(path=name) for name in names]
    driver.turns()
    for name, stream in zip(names, streams):
        data = name.encode()
        assert stream.body == b"".join(data + b"%d" % index for index in range(1, 5))
        assert len(stream.pieces) <= 2
        assert not stream.ended
    lab.go.set()
    for name, stream in zip(names, streams):
        assert stream.wait().ended
        assert stream.pieces[-2:] == [f"{name}5".encode(), f"{name}6".encode()]
        assert stream.body == b"".join(name.encode() + b"%d" % index for index in range(1, 7))


def test_joined_pieces_count_against_length_and_window(drive):
    half = WINDOW // 2

    async def run(lab, scope, receive, send):
        await send(begin(headers=[(b"content-length", b"%d" % (WINDOW + 10))]))
        for size in (half, half - 4, 4, 10):
            await send(piece(b"x" * size, True))
            lab.notes.append(size)
        with pytest.raises(Exception, match="more bytes"):
            await send(piece(b"y", True))

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert [len(data) for data in stream.pieces] == [WINDOW]
    assert lab.notes == [half, half - 4, 4]
    stream.take(WINDOW).wait()
    assert stream.ended and len(stream.body) == WINDOW + 10 and stream.aborted is None


def test_an_error_behind_joined_pieces_cuts_the_response(drive):
    async def app(scope, receive, send):
        if scope["type"] == "http":
            await send(begin())
            await send(piece(b"a", True))
            await send(piece(b"b", True))
            raise ValueError("boom")

    stream = drive(app).get()
    assert stream.kinds == [frames.HEAD, frames.DATA, frames.ABORT, frames.FREE]
    assert stream.pieces == [b"ab"] and not stream.ended and "boom" in stream.aborted


def test_an_empty_piece_ends_nothing_and_holds_nothing(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        await send(piece(b"", True))
        await send(piece(b"a", True))
        await send({"type": BODY, "more_body": True})
        await send(piece(b"b", True))
        while not lab.go.is_set():
            await send(piece(b"", True))
        await send({"type": BODY})

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert stream.body == b"ab" and not stream.ended
    lab.go.set()
    assert stream.wait().ended and stream.aborted is None


def test_events_behind_the_end_are_ignored(drive):
    events = (begin(), piece(b"ok"), piece(b"more"), begin(500), piece(b"again", True))
    driver = drive(app_of(*events))
    stream = driver.get()
    assert (stream.status, stream.body, stream.aborted) == (200, b"ok", None)
    assert driver.records == [] or driver.texts() == []


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_is_like_bytes_is_a_body(drive, kind):
    assert drive(app_of(begin(), piece(kind(b"data")))).get().body == b"data"


def test_statuses(drive):
    stream = drive(app_of(begin(http.HTTPStatus.NOT_FOUND), piece())).get()
    assert (stream.status, stream.reason) == (404, "Not Found")
    stream = drive(app_of(begin(299), piece())).get()
    assert (stream.status, stream.reason) == (299, "")
    stream = drive(app_of({"type": START, "status": 200}, piece(b"x"))).get()
    assert stream.fields == [("Content-Length", "1")]


# Invalid events

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
    # Raised through, it is answered.
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


# Fields


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


def test_repeated_fields_stay_apart_and_in_order(drive):
    headers = [(b"set-cookie", b"a=1"), (b"x", b"\xe4\t"), (b"set-cookie", b"b=2")]
    stream = drive(app_of(begin(headers=iter(headers)), piece())).get()
    assert stream.fields[:3] == [("set-cookie", "a=1"), ("x", "\xe4\t"), ("set-cookie", "b=2")]
    lists = [[b"x", b"1"], [b"y", b""]]
    assert drive(app_of(begin(headers=lists), piece())).get().fields[1] == ("y", "")


def test_names_and_values_may_be_like_bytes(drive):
    for kind in (bytearray, memoryview, lambda data: memoryview(bytearray(data))):
        # A name that was seen before, and one that was not.
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


# Lengths


def test_more_than_content_length_raises(drive):
    async def app(scope, receive, send):
        await send(begin(headers=[(b"content-length", b"3")]))
        with pytest.raises(RuntimeError):
            await send(piece(b"four"))
        await send(piece(b"ab", True))
        with pytest.raises(RuntimeError):
            await send(piece(b"cd", True))
        await send(piece(b"c"))

    stream = drive(app).get()
    assert (stream.body, stream.aborted, stream.length) == (b"abc", None, 3)


@pytest.mark.parametrize("pieces", [[], [b"a"], [b"a", b"b"]])
def test_fewer_than_content_length_cut_the_connection(drive, pieces):
    events = [piece(data, True) for data in pieces]
    driver = drive(app_of(begin(headers=[(b"content-length", b"3")]), *events, piece()))
    stream = driver.get()
    assert stream.status == 200 and stream.body == b"".join(pieces) and not stream.ended
    assert "3" in stream.aborted and len(driver.texts()) == 1
    driver = drive(app_of(begin(headers=[(b"content-length", b"3")]), *events))
    stream = driver.get()
    assert stream.status == 500 if not pieces else stream.aborted is not None


def test_a_body_with_all_its_bytes_needs_no_end(drive):
    driver = drive(app_of(begin(headers=[(b"content-length", b"2")]), piece(b"ab", True)))
    stream = driver.get()
    assert stream.ended and stream.aborted is None and driver.texts() == []


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_have_none(drive, status):
    for events in ([piece(b"dropped")], [piece(b"a", True), piece(b"b", True), piece()]):
        stream = drive(app_of(begin(status), *events)).get()
        assert (stream.status, stream.body, stream.aborted) == (status, b"", None)
        assert stream.field("content-length") is None
    stream = drive(app_of(begin(status, [(b"content-length", b"5")]), piece())).get()
    assert stream.field("content-length") == (None if status == 204 else "5")
    assert stream.ended and stream.aborted is None


def test_head_has_no_body_but_its_length(drive):
    assert drive(app_of(begin(), piece(b"12345"))).get(method="HEAD").length == 5
    headers = [(b"content-length", b"5")]
    for events in ([piece(b"12345")], [piece()], [piece(b"12", True), piece(b"345")]):
        stream = drive(app_of(begin(headers=headers), *events)).get(method="HEAD")
        assert (stream.body, stream.length, stream.aborted, stream.ended) == (b"", 5, None, True)
    stream = drive(app_of(begin(), piece(b"12", True), piece(b"345"))).get(method="HEAD")
    assert stream.field("content-length") is None and stream.ended


def test_an_endless_body_that_nobody_gets_ends(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        await send(piece(b"x" * 1000, True))
        lab.notes.append((await receive())["type"])
        while True:
            await send(piece(b"x" * 1000, True))

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.get(method="HEAD")
    assert stream.ended and lab.notes == ["http.disconnect"]
    driver.turns()
    assert driver.texts() == [] and driver.hub.active == 0


# Errors

ERRORS = [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError]
ERRORS += [RecursionError, MemoryError, OSError, StopAsyncIteration, StopIteration, BaseException]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_before_the_body_is_a_500_and_the_loop_lives(drive, error):
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        if scope["path"] == "/":
            raise error("secret")
        if scope["path"] == "/later":
            await asyncio.sleep(0)
            raise error("secret")
        if scope["path"] == "/started":
            await send(begin(headers=[(b"x-lost", b"1")]))
            raise error("secret")
        await send(begin())
        await send(piece(b"part", scope["path"] == "/part"))
        raise error("secret")

    driver = drive(app)
    for path in ("/", "/later", "/started"):
        stream = driver.get(path=path)
        assert (stream.status, stream.reason) == (500, "Internal Server Error")
        assert stream.body == b"Internal Server Error\n" and stream.field("x-lost") is None
        record = driver.records[-1]
        assert record["level"] == "error" and record["request"] == f"r{stream.number}"
        if error not in (StopIteration,):
            assert "secret" in record["traceback"] and "test_asgi_http" in record["traceback"]
        assert "taipan/asgi" not in record["traceback"]
    stream = driver.get(path="/part")
    assert stream.body == b"part" and stream.aborted is not None and not stream.ended
    count = len(driver.texts())
    stream = driver.get(path="/whole")
    assert stream.body == b"part" and stream.aborted is None and stream.ended
    assert len(driver.texts()) == count + 1


def test_an_exception_of_any_length_is_a_500(drive):
    async def app(scope, receive, send):
        raise ValueError("x" * 70_000_000)

    driver = drive(app)
    assert driver.get().status == 500
    assert len(driver.texts()[0]) < 100_000


def test_dev_mode_shows_the_traceback(drive):
    async def app(scope, receive, send):
        raise ValueError("<secret>")

    stream = drive(app, dev=True).get()
    assert stream.status == 500 and b"&lt;secret&gt;" in stream.body and b"Traceback" in stream.body


@pytest.mark.parametrize("events", [(), (begin(),)])
def test_no_answer_is_a_500(drive, events):
    driver = drive(app_of(*events))
    assert driver.get().status == 500
    assert len(driver.texts()) == 1 and "returned" in driver.texts()[0]
    stream = driver.get(method="HEAD")
    assert stream.status == 500 and stream.body == b""


def test_an_unfinished_body_is_aborted(drive):
    driver = drive(app_of(begin(), piece(b"a", True)))
    assert driver.get().aborted is not None
    assert len(driver.texts()) == 1


def test_what_gives_no_coroutine_is_a_500(drive):
    def app(scope, receive, send):
        return None

    driver = drive(app)
    assert driver.get().status == 500


# Receiving


def test_a_whole_body_is_one_event_and_then_receive_waits(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append(await receive())
        waiting = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        lab.notes.append(waiting.done())
        await answer(send)
        lab.notes.append(await waiting)
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    driver.get(body=b"body")
    first = {"type": "http.request", "body": b"body", "more_body": False}
    assert lab.notes == [first, False, DISCONNECT, DISCONNECT]


def test_receive_gives_disconnect_behind_the_answer(drive):
    async def run(lab, scope, receive, send):
        await answer(send)
        lab.notes += [await receive(), await receive()]

    lab = Lab(run)
    drive(lab).get(body=b"unread")
    assert lab.notes == [DISCONNECT, DISCONNECT]


def read_all(lab, scope, receive, send):
    async def run():
        while True:
            event = await receive()
            lab.notes.append(event)
            if event["type"] != "http.request" or not event["more_body"]:
                break
        await answer(send)

    return run()


def test_a_body_is_pulled(drive):
    lab = Lab(read_all)
    driver = drive(lab)
    stream = driver.begin(body=None)
    assert stream.pulled == WINDOW and lab.notes == []
    stream.give(b"one").give(b"two")
    assert [event["body"] for event in lab.notes] == [b"one", b"two"]
    stream.give(b"", last=True).wait()
    assert lab.notes[-1] == {"type": "http.request", "body": b"", "more_body": False}
    assert all(event["more_body"] for event in lab.notes[:-1])
    assert stream.kinds.count(frames.PULL) == 1


def test_the_last_piece_says_so(drive):
    lab = Lab(read_all)
    driver = drive(lab)
    driver.begin(body=None).give(b"one").give(b"two", last=True).wait()
    assert [event["more_body"] for event in lab.notes] == [True, False]
    lab = Lab(read_all)
    driver = drive(lab)
    driver.begin(body=None).give(b"", last=True).wait()
    assert lab.notes == [{"type": "http.request", "body": b"", "more_body": False}]


def test_a_body_that_is_not_read_is_not_pulled(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    assert frames.PULL not in stream.kinds
    lab.go.set()
    assert frames.PULL not in stream.wait().kinds


def test_a_large_body_is_pulled_as_it_is_taken(drive):
    async def run(lab, scope, receive, send):
        for _ in range(100):
            await lab.go.wait()
            lab.go.clear()
            lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    lab.go.set()
    driver.turns()
    for _ in range(4):
        stream.give(b"x" * (WINDOW // 4))
    # Everything was sent that may be; only the first piece was taken.
    assert stream.pulled == WINDOW and len(lab.notes) == 1
    for _ in range(2):
        lab.go.set()
        driver.turns()
    assert stream.pulled > WINDOW and stream.pulled <= WINDOW + 3 * (WINDOW // 4)


def test_a_cancelled_receive_loses_nothing(drive):
    async def run(lab, scope, receive, send):
        for _ in range(3):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(receive(), 0.001)
        task = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        lab.notes.append("waited")
        await lab.go.wait()
        lab.go.clear()
        # Cancelled when the event is there, but before it was given.
        task = asyncio.ensure_future(receive())
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await read_all(lab, scope, receive, send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None)
    driver.wait(lambda: lab.notes)
    stream.give(b"one").give(b"two", last=True)
    lab.go.set()
    stream.wait()
    assert [event["body"] for event in lab.notes[1:]] == [b"one", b"two"]


def test_two_may_receive_at_once_and_one_may_be_cancelled(drive):
    async def run(lab, scope, receive, send):
        first = asyncio.ensure_future(receive())
        second = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        first.cancel()
        lab.notes.append((await second)["body"])
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    driver.begin(body=None).give(b"one", last=True).wait()
    assert lab.notes == [b"one"]


def test_a_broken_body_is_a_disconnect(drive):
    for given in ([], [b"one"]):
        lab = Lab(read_all)
        driver = drive(lab)
        stream = driver.begin(body=None)
        for data in given:
            stream.give(data)
        stream.leave().wait()
        assert lab.notes.pop() == DISCONNECT
        assert all(event["more_body"] for event in lab.notes)
        assert stream.status is None and driver.texts() == []


# Leaving


def test_a_client_that_leaves_is_told_to_a_waiting_receive(drive):
    async def run(lab, scope, receive, send):
        await receive()
        lab.notes += [await receive(), await receive()]

    lab = Lab(run)
    driver = drive(lab)
    driver.begin().leave().wait()
    assert lab.notes == [DISCONNECT, DISCONNECT]
    assert driver.texts() == []


def test_send_behind_the_client_raises_an_oserror_that_is_not_logged(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        await send(piece(b"x", True))
        await lab.go.wait()
        for event in (piece(b"y", True), piece()):
            try:
                await send(event)
            except OSError as error:
                lab.notes.append(error)
        if scope["path"] == "/wrapped":
            try:
                await send(piece())
            except OSError:
                raise ValueError("wrapped") from None
        await send(piece())

    for path in ("/", "/wrapped"):
        lab = Lab(run)
        driver = drive(lab)
        stream = driver.begin(path=path).leave()
        lab.go.set()
        stream.wait()
        assert len(lab.notes) == 2 and isinstance(lab.notes[0], ConnectionError)
        assert driver.texts() == []
        assert stream.kinds == [frames.HEAD, frames.DATA, frames.FREE]


def test_other_errors_are_logged_when_the_client_has_left(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        raise ValueError("on purpose")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().leave()
    lab.go.set()
    stream.wait()
    assert driver.texts() == ["ValueError: on purpose"]


def test_without_cancel_the_application_goes_on(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        lab.notes.append("done")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().leave()
    assert not stream.freed
    lab.go.set()
    stream.wait()
    assert lab.notes == ["done"]


def test_a_client_that_has_finished_sending_is_still_answered(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append(await receive())
        await lab.go.wait()
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half")
    driver.turns()
    lab.go.set()
    assert stream.wait().body == b"ok" and lab.notes[0]["type"] == "http.request"


@pytest.mark.parametrize("begun", [False, True])
def test_who_was_told_that_the_client_left_cannot_send(drive, begun):
    async def run(lab, scope, receive, send):
        await receive()
        if begun:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        lab.notes += await receive(), await receive()
        if begun:
            await send({"type": "http.response.body", "body": b"two"})
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half").wait()
    assert lab.notes == [DISCONNECT, DISCONNECT]
    assert stream.freed and stream.body == (b"one" if begun else b"") and driver.texts() == []


@pytest.mark.parametrize("begun", [False, True])
def test_who_was_told_that_the_client_left_owes_no_answer(drive, begun):
    async def run(lab, scope, receive, send):
        await receive()
        if begun:
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin().send(frames.BROKEN, frames.BROKEN_HALF, b"half").wait()
    assert lab.notes == [DISCONNECT] and driver.texts() == []
    assert stream.freed and not stream.ended


def test_a_client_that_has_finished_sending_has_its_body_read(drive):
    async def run(lab, scope, receive, send):
        await lab.go.wait()
        await read_all(lab, scope, receive, send)
        lab.notes.append(await receive())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin(body=None).send(frames.BROKEN, frames.BROKEN_HALF, b"half")
    lab.go.set()
    driver.turns()
    assert stream.pulled == WINDOW and lab.notes == []
    stream.give(b"one").give(b"two", last=True).wait()
    assert [event.get("body") for event in lab.notes] == [b"one", b"two", None]
    assert lab.notes[-1] == DISCONNECT


def test_cancel_ends_the_application_which_may_clean_up(drive):
    async def run(lab, scope, receive, send):
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.001)
            lab.notes.append("cleaned")

    lab = Lab(run)
    driver = drive(lab)
    driver.begin().leave(cancel=True).wait()
    assert lab.notes == ["cleaned"] and driver.texts() == [] and driver.hub.active == 0


def test_a_request_that_is_cancelled_before_it_begins_is_never_called(drive):
    async def run(lab, scope, receive, send):
        lab.notes.append("called")
        await asyncio.sleep(3600)

    lab = Lab(run)
    driver = drive(lab)
    # The loop must not turn between the two frames.
    turns, driver.turns = driver.turns, lambda: None
    stream = driver.begin()
    stream.leave(cancel=True)
    driver.turns = turns
    stream.wait()
    assert driver.hub.active == 0


def test_cancel_within_a_send_that_waits(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        try:
            await send(piece(b"x" * (WINDOW * 2)))
        except BaseException as error:
            lab.notes.append(type(error))
            raise

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert len(stream.body) == WINDOW
    stream.leave(cancel=True).wait()
    assert lab.notes and driver.texts() == []


# Back-pressure


def test_send_waits_for_the_window(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        for index in range(8):
            await send(piece(b"x" * (WINDOW // 2), True))
            lab.notes.append(index)
        await send(piece())

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert lab.notes == [0, 1] and len(stream.body) == WINDOW
    stream.take(WINDOW // 4)
    assert len(stream.body) == WINDOW + WINDOW // 4 and lab.notes == [0, 1]
    while not stream.freed:
        stream.take(WINDOW // 4)
    assert len(stream.body) == WINDOW * 4 and stream.ended


@pytest.mark.parametrize("length", [True, False])
def test_a_large_body_goes_in_pieces(drive, length):
    data = bytes(range(256)) * 8192
    headers = [(b"content-length", b"%d" % len(data))] if length else []

    async def run(lab, scope, receive, send):
        await answer(send, data, headers)
        lab.notes.append("sent")

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    assert len(stream.body) == WINDOW and lab.notes == [] and stream.length == len(data)
    while not stream.freed:
        stream.take(100_000)
    assert stream.body == data and lab.notes == ["sent"] and stream.ended
    assert max(map(len, stream.pieces)) <= WINDOW


def test_a_cancelled_send_is_not_torn(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(send(piece(b"a" * WINDOW * 2, True)), 0.001)
        lab.notes.append("cancelled")
        await send(piece(b"b"))

    lab = Lab(run)
    driver = drive(lab)
    stream = driver.begin()
    driver.wait(lambda: lab.notes)
    while not stream.freed:
        stream.take(WINDOW)
    assert stream.body == b"a" * WINDOW * 2 + b"b" and stream.ended


def test_an_application_may_return_while_the_rest_is_on_its_way(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(send(piece(b"a" * WINDOW * 2)), 0.001)

    driver = drive(Lab(run))
    stream = driver.begin()
    driver.wait(lambda: driver.hub.active == 0)
    assert not stream.freed
    stream.take(WINDOW)
    assert stream.freed and stream.ended and len(stream.body) == WINDOW * 2


# Stepping by hand


def test_nothing_is_yielded_that_need_not_wait(drive):
    async def run(lab, scope, receive, send):
        for coroutine in (receive(), send(begin()), send(piece(b"x", True)), send(piece())):
            try:
                coroutine.send(None)
                lab.notes.append("yielded")
            except StopIteration:
                pass

    lab = Lab(run)
    assert drive(lab).get().body == b"x"
    assert lab.notes == []


def test_only_futures_are_yielded(drive):
    async def run(lab, scope, receive, send):
        await send(begin())
        for coroutine in (receive(), send(piece(b"x" * WINDOW * 2, True)), send(piece(b"", True))):
            lab.notes.append(coroutine.send(None))
            coroutine.close()

    lab = Lab(run)
    driver = drive(lab)
    driver.begin(body=None)
    driver.wait(lambda: len(lab.notes) == 3)
    for yielded in lab.notes:
        assert yielded is None or isinstance(yielded, asyncio.Future)
        assert not isinstance(yielded, asyncio.Task)


def test_an_application_sees_its_task(drive):
    async def run(lab, scope, receive, send):
        task = asyncio.current_task()
        lab.notes.append(task is not None and task.get_loop() is asyncio.get_running_loop())
        await asyncio.sleep(0)
        lab.notes.append(asyncio.current_task() is task)
        await answer(send)

    lab = Lab(run)
    driver = drive(lab)
    driver.get()
    assert lab.notes == [True, True]


# Logs


def test_what_is_printed_belongs_to_its_request(drive):
    async def run(lab, scope, receive, send):
        out = driver.logs.stdout
        print(scope["path"], end=" ", file=out)
        await asyncio.sleep(0)
        print("goes on", file=out)
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await asyncio.to_thread(print, "thread", file=out)
        print("no end", end="", file=out)
        await answer(send)

    driver = drive(Lab(run))
    streams = [driver.begin(path=f"/{index}") for index in range(3)]
    for stream in streams:
        stream.wait()
    found = {(r["request"], r["text"]) for r in driver.records if r["stream"] == "stdout"}
    expected = set()
    for index, stream in enumerate(streams):
        for text in (f"/{index} goes on", "thread", "no end"):
            expected.add((f"r{stream.number}", text))
    assert found == expected


def test_errors_of_the_loop_are_logged(drive):
    def fail():
        raise ValueError("in a callback")

    async def run(lab, scope, receive, send):
        asyncio.get_running_loop().call_soon(fail)
        await answer(send)

    driver = drive(Lab(run))
    driver.get()
    driver.turns()
    assert any("in a callback" in text for text in driver.texts())
    assert "in a callback" in driver.records[-1]["traceback"]
