"""ASGI applications that fail, and the log records about them."""

from __future__ import annotations

import asyncio

import pytest

from support.asgi_apps import Lab, answer, app_of, begin, piece
from taipan import frames

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
        assert stream.flags & frames.HEAD_STANDS_IN
        assert stream.body == b"Internal Server Error\n" and stream.field("x-lost") is None
        record = driver.records[-1]
        assert record["level"] == "error" and record["request"] == f"r{stream.number}"
        if error not in (StopIteration,):
            assert "secret" in record["traceback"] and __name__ in record["traceback"]
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

    driver = drive(app, dev=True)
    page = driver.get(headers=[(b"accept", b"text/html")])
    assert page.status == 500 and b"&lt;secret&gt;" in page.body and b"<secret>" not in page.body
    text = driver.get()
    assert text.status == 500 and text.body.startswith(b"Traceback (most recent call last):")
    assert driver.get(method="HEAD").body == b""


def test_dev_mode_shows_the_form(drive):
    async def app(scope, receive, send):
        assert (await receive())["type"] == "http.request"
        raise ValueError("of a form")

    fields = [
        (b"accept", b"text/html"),
        (b"content-type", b"application/x-www-form-urlencoded"),
    ]
    page = drive(app, dev=True).get(body=b"who=Ada&password=form-secret", headers=fields)
    assert page.status == 500 and b"<td>Ada</td>" in page.body
    assert b"form-secret" not in page.body and b"taipan.body" not in page.body


def test_long_exceptions_have_a_page(drive):
    async def app(scope, receive, send):
        raise ValueError(f"password={'s3'}cret " + "x" * 70_000_000)

    for accept in (b"text/html", b"*/*"):
        page = drive(app, dev=True).get(headers=[(b"accept", accept)])
        assert page.status == 500 and len(page.body) < 250_000 and b"s3" + b"cret" not in page.body


def test_an_error_that_cannot_be_described_has_no_page_and_no_traceback(drive):
    class Odd(Exception):
        @property
        def __cause__(self):
            raise RuntimeError("odd")

    async def app(scope, receive, send):
        raise Odd("hidden")

    answer = drive(app, dev=True).get()
    assert answer.status == 500 and b"the traceback is in the log" in answer.body
    assert b"RuntimeError: odd" in answer.body and b"hidden" not in answer.body


def test_a_response_that_has_begun_gets_no_page(drive):
    async def app(scope, receive, send):
        await send(begin())
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        raise ValueError("x")

    stream = drive(app, dev=True).get()
    assert stream.status == 200 and stream.body == b"a" and stream.aborted


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
