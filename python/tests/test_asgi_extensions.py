"""Files, trailers and early hints."""

from __future__ import annotations

import asyncio
import os

import pytest

from support.asgi_apps import BODY, Lab, app_of, begin, piece
from taipan import frames
from taipan.asgi.stream import WINDOW

CONTENT = bytes(range(256)) * 2048
TRAILERS = [(b"te", b"trailers")]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    return str(path)


def pathsend(path):
    return {"type": "http.response.pathsend", "path": path}


def descriptors():
    return len(os.listdir("/proc/self/fd"))


def test_a_file_is_sent_by_node(drive, path):
    driver = drive(app_of(begin(), pathsend(path)))
    before = descriptors()
    stream = driver.begin()
    assert stream.kinds == [frames.HEAD, frames.FILE]
    assert stream.length == len(CONTENT) and stream.field("content-length") == str(len(CONTENT))
    assert stream.open_file() == CONTENT and not stream.freed
    stream.send(frames.OPENED, frames.OPENED_OK)
    assert stream.freed and stream.aborted is None
    assert descriptors() == before


def test_a_file_that_node_cannot_open_is_sent_by_the_worker(drive, path):
    driver = drive(app_of(begin(), pathsend(path)))
    before = descriptors()
    stream = driver.begin().send(frames.OPENED)
    assert len(stream.body) == WINDOW
    while not stream.freed:
        stream.take(100_000)
    assert stream.body == CONTENT and stream.ended and descriptors() == before


def test_a_client_that_leaves_closes_the_file(drive, path):
    before = None
    for opened in (False, True):
        driver = drive(app_of(begin(), pathsend(path)))
        before = descriptors()
        stream = driver.begin()
        if opened:
            stream.send(frames.OPENED)
        stream.leave(cancel=True).wait()
        assert descriptors() == before and driver.texts() == []


def test_a_cancelled_pathsend_still_closes_the_file(drive, path):
    async def run(lab, scope, receive, send):
        await send(begin())
        try:
            await asyncio.wait_for(send(pathsend(path)), 0.001)
        except asyncio.TimeoutError:
            lab.notes.append("cancelled")

    lab = Lab(run)
    driver = drive(lab)
    before = descriptors()
    stream = driver.begin()
    driver.wait(lambda: driver.hub.active == 0)
    assert lab.notes and not stream.freed
    stream.send(frames.OPENED, frames.OPENED_OK)
    assert stream.freed and descriptors() == before


def test_a_file_that_shrinks_is_aborted(drive, path):
    driver = drive(app_of(begin(), pathsend(path)))
    stream = driver.begin()
    os.truncate(path, 1000)
    stream.send(frames.OPENED).wait()
    assert stream.aborted is not None and not stream.ended


def test_small_files_are_ordinary_answers(drive, tmp_path):
    for data in (b"", b"small"):
        (tmp_path / "small").write_bytes(data)
        stream = drive(app_of(begin(), pathsend(str(tmp_path / "small")))).get()
        assert stream.kinds == [frames.ANSWER]
        assert stream.body == data and stream.length == len(data)


def test_content_length_limits_a_file(drive, path):
    headers = [(b"content-length", b"100000")]
    driver = drive(app_of(begin(headers=headers), pathsend(path)))
    stream = driver.begin()
    assert stream.open_file() == CONTENT[:100000] and stream.length == 100000
    stream.send(frames.OPENED, frames.OPENED_OK)
    headers = [(b"content-length", b"%d" % (len(CONTENT) + 1))]
    assert drive(app_of(begin(headers=headers), pathsend(path))).get().status == 500


def test_head_and_files(drive, path):
    stream = drive(app_of(begin(), pathsend(path))).get(method="HEAD")
    assert (stream.body, stream.length, stream.files) == (b"", len(CONTENT), [])
    stream = drive(app_of(begin(304), pathsend(path))).get()
    assert stream.body == b"" and stream.files == [] and stream.ended


@pytest.mark.parametrize(
    "bad", ["/does/not/exist", "/etc", "relative", "", b"/etc/hostname", None, "/dev/null", "/a\0b"]
)
def test_what_is_no_file_raises_before_the_head(drive, bad):
    async def run(lab, scope, receive, send):
        await send(begin())
        try:
            await send(pathsend(bad))
        except Exception as error:
            lab.notes.append(error)
        await send(piece(b"good"))

    lab = Lab(run)
    driver = drive(lab)
    before = descriptors()
    stream = driver.get()
    assert (stream.status, stream.body) == (200, b"good") and len(lab.notes) == 1
    assert isinstance(lab.notes[0], FileNotFoundError) == (bad == "/does/not/exist")
    assert descriptors() == before


def test_a_pipe_does_not_hold_the_loop(drive, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert drive(app_of(begin(), pathsend(str(tmp_path / "pipe")))).get().status == 500


def test_a_file_is_not_mixed_with_a_body(drive, path):
    driver = drive(app_of(begin(), piece(b"x", True), pathsend(path)))
    stream = driver.get()
    assert stream.body == b"x" and stream.aborted is not None
    driver = drive(app_of(begin(), pathsend(path), piece(b"y"), pathsend(path)))
    stream = driver.begin().send(frames.OPENED, frames.OPENED_OK)
    assert stream.freed and stream.kinds.count(frames.FILE) == 1 and driver.texts() == []


# Trailers


def trailers(headers, more=False):
    return {"type": "http.response.trailers", "headers": headers, "more_trailers": more}


def test_trailers_come_behind_the_body(drive):
    events = (
        begin(trailers=True),
        piece(b"a", True),
        piece(b"b"),
        trailers([(b"x-sum", b"1")], True),
        trailers([(b"x-more", b"2")]),
    )
    driver = drive(app_of(*events))
    stream = driver.get(headers=TRAILERS)
    assert stream.body == b"ab" and stream.ended and stream.aborted is None
    assert stream.trailers == "x-sum: 1\r\nx-more: 2\r\n"
    assert stream.field("content-length") is None
    whole = drive(app_of(begin(trailers=True), piece(b"ab"), trailers([]))).get(headers=TRAILERS)
    assert whole.body == b"ab" and whole.trailers == ""


def test_trailers_of_a_file(drive, path):
    events = begin(trailers=True), pathsend(path), trailers([(b"x-sum", b"1")])
    driver = drive(app_of(*events))
    stream = driver.begin(headers=TRAILERS)
    while not stream.freed:
        stream.take(WINDOW)
    assert stream.body == CONTENT and stream.trailers == "x-sum: 1\r\n"


def test_announced_trailers_may_stay_away(drive):
    stream = drive(app_of(begin(trailers=True), piece(b"x"))).get(headers=TRAILERS)
    assert stream.body == b"x" and stream.ended and stream.aborted is None


def test_trailers_that_were_not_offered_raise(drive):
    driver = drive(app_of(begin(trailers=True), piece(b"x"), trailers([])))
    stream = driver.get()
    assert stream.body == b"x" and stream.ended and stream.trailers is None
    assert any("does not offer" in text for text in driver.texts())


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"5")],
        [(b"Content-Type", b"a")],
        [(b"set-cookie", b"a")],
        [("x", b"a")],
        [(b"x", b"a\r\nb")],
        [(b"", b"a")],
        {b"x": b"a"},
    ],
)
def test_bad_trailers_raise(drive, headers):
    async def run(lab, scope, receive, send):
        await send(begin(trailers=True))
        await send(piece(b"x"))
        with pytest.raises((TypeError, ValueError)):
            await send(trailers(headers))
        await send(trailers([(b"x-good", b"1")]))

    assert drive(Lab(run)).get(headers=TRAILERS).trailers == "x-good: 1\r\n"


@pytest.mark.parametrize("where", [0, 1, 2])
def test_trailers_before_the_end_of_the_body_raise(drive, where):
    events = [begin(trailers=True), piece(b"x", True)][:where] + [trailers([])]
    stream = drive(app_of(*events)).get(headers=TRAILERS)
    assert stream.trailers is None
    assert stream.status == 500 if where < 2 else stream.aborted is not None


def test_answers_without_a_body_have_no_trailers(drive):
    driver = drive(app_of(begin(204, trailers=True), piece(), trailers([(b"x", b"1")])))
    stream = driver.get(headers=TRAILERS)
    assert stream.ended and stream.trailers is None and driver.texts() == []


# Hints


def hint(*links):
    return {"type": "http.response.early_hint", "links": list(links)}


def test_hints_come_before_the_head(drive):
    events = hint(b"</a>; rel=preload", b"</b>"), begin(), hint(b"</c>"), piece(b"x")
    stream = drive(app_of(*events)).get()
    assert stream.hints == ["link: </a>; rel=preload\r\nlink: </b>\r\n", "link: </c>\r\n"]
    assert stream.body == b"x"


def test_hints_raise_where_they_are_not_offered_or_late(drive):
    driver = drive(app_of(hint(b"</a>"), begin(), piece(b"x")))
    stream = driver.get(http_version="1.0")
    assert stream.status == 500 and stream.hints == []
    stream = drive(app_of(begin(), piece(b"x", True), hint(b"</a>"))).get()
    assert stream.aborted is not None and stream.hints == []


@pytest.mark.parametrize("links", ["text", None, [5], ["text"], [b"a\r\nb: c"], b"</a>"])
def test_bad_hints_raise(drive, links):
    event = {"type": "http.response.early_hint", "links": links}
    stream = drive(app_of(event)).get()
    assert stream.status == 500 and stream.hints == []
    assert drive(app_of({"type": "http.response.early_hint"})).get().status == 500


def test_nothing_behind_the_end_is_an_error(drive, path):
    events = begin(), piece(b"x"), hint(b"</a>"), pathsend(path), {"type": BODY}
    driver = drive(app_of(*events))
    stream = driver.get()
    assert stream.kinds == [frames.ANSWER] and driver.texts() == []
