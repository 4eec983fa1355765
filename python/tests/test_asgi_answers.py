"""Answers of ASGI applications, frame by frame."""

from __future__ import annotations

import asyncio
import http

import pytest

from support.asgi_apps import BODY, START, Lab, answer, app_of, begin, piece
from taipan import frames
from taipan.asgi.stream import WINDOW


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
        # The other streams have sent something meanwhile.
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
