"""The lifespan, its state for requests, and the end of a hub."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from support.asgi_driver import SOCKET
from taipan.asgi import StartupFailed

START = {"type": "http.response.start", "status": 200}
COMPLETE = {"type": "lifespan.startup.complete"}


class App:
    """Answers requests, and has the given lifespan."""

    def __init__(self, lifespan, request=None):
        self.lifespan = lifespan
        self.request = request
        self.notes = []

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.lifespan(self, scope, receive, send)
        elif self.request is not None:
            await self.request(self, scope, receive, send)
        elif scope["type"] == "http":
            await send(START)
            await send({"type": "http.response.body", "body": repr(scope["state"]).encode()})
        else:
            self.notes.append(scope["state"])


async def whole(app, scope, receive, send):
    app.notes.append(await receive())
    scope["state"]["one"] = ["shared"]
    await send(COMPLETE)
    app.notes.append(await receive())
    await send({"type": "lifespan.shutdown.complete"})
    app.notes.append("returned")


def infos(driver):
    return driver.texts("info")


def test_each_application_is_announced_before_its_lifespan(drive):
    seen = []

    async def run(app, scope, receive, send):
        # The driver is not returned before this.
        seen.append(len(seen))
        await whole(app, scope, receive, send)

    driver = drive(App(run), App(run))
    assert driver.announced == ["app0", "app1", None]
    assert seen == [0, 1]


def test_a_whole_life(drive):
    async def run(app, scope, receive, send):
        app.notes.append(scope)
        await whole(app, scope, receive, send)

    app = App(run)
    driver = drive(app)
    scope = app.notes.pop(0)
    assert scope["type"] == "lifespan"
    assert scope["asgi"] == {"version": "3.0", "spec_version": "2.0"}
    assert app.notes == [{"type": "lifespan.startup"}]
    driver.stop()
    assert app.notes[1:] == [{"type": "lifespan.shutdown"}, "returned"]
    assert driver.records == []


def test_state_is_a_shallow_copy_for_each_request(drive):
    async def request(app, scope, receive, send):
        app.notes.append(scope["state"])
        scope["state"]["mine"] = True
        scope["state"]["one"].append("changed")
        if scope["type"] == "http":
            await send(START)
            await send({"type": "http.response.body"})

    app = App(whole, request)
    driver = drive(app)
    driver.get()
    driver.get()
    driver.begin(SOCKET, None).wait()
    first, second, third = app.notes[1:]
    assert first is not second and first["one"] is second["one"] is third["one"]
    assert second["one"].count("changed") == 3


def test_each_application_has_its_own(drive):
    apps = [App(whole), App(whole)]
    driver = drive(*apps)
    assert driver.get(application=1).body == b"{'one': ['shared']}"
    driver.stop()
    assert [app.notes[-1] for app in apps] == ["returned", "returned"]


def test_startup_may_wait(drive):
    async def run(app, scope, receive, send):
        await receive()
        await asyncio.sleep(0.01)
        app.notes.append("started")
        await send(COMPLETE)

    app = App(run)
    drive(app)
    assert app.notes == ["started"]


@pytest.mark.parametrize("raises", [True, False])
@pytest.mark.parametrize("message", ["no database", "Traceback:\n  line\nValueError: no database"])
def test_failed_is_an_error_with_its_message(drive, raises, message):
    async def run(app, scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": message})
        if raises:
            raise ValueError("noise")

    driver = drive(App(whole), App(run))
    first, second = (slot.failure for slot in driver.slots)
    assert first is None and isinstance(second, StartupFailed)
    assert str(second).endswith("no database")
    assert second.details == ("" if message == "no database" else message)
    # The others are served.
    assert driver.get().body == b"{'one': ['shared']}"
    assert [driver.get(application=1).status for _ in range(2)] == [503, 503]
    assert "noise" not in repr(driver.records)


@pytest.mark.parametrize("rest", [{}, {"message": None}, {"message": " \n"}])
def test_failed_needs_no_message(drive, rest):
    async def run(app, scope, receive, send):
        await send({"type": "lifespan.startup.failed", **rest})

    assert "no reason" in str(drive(App(run)).slots[0].failure)


def test_sys_exit_at_startup_is_a_failure(drive):
    async def run(app, scope, receive, send):
        raise SystemExit("not configured")

    assert "not configured" in str(drive(App(run)).slots[0].failure)


@pytest.mark.parametrize(
    "error", [AssertionError, KeyboardInterrupt, asyncio.CancelledError, OSError]
)
@pytest.mark.parametrize("received", [True, False])
def test_an_error_before_startup_goes_on_without(drive, error, received):
    async def run(app, scope, receive, send):
        if received:
            await receive()
        raise error("unknown scope")

    driver = drive(App(run))
    assert driver.get().body == b"{}"
    # An application that has received the event does have a lifespan.
    texts = driver.texts("warning" if received else "info")
    assert len(texts) == len(driver.records) == 1 and "without lifespan" in texts[0]
    assert ("traceback" in driver.records[0]) == received
    driver.stop()


def test_a_return_without_an_event_goes_on_without(drive):
    async def run(app, scope, receive, send):
        return None

    driver = drive(App(run))
    assert driver.get().status == 200
    driver.stop()
    assert driver.texts() == []


@pytest.mark.parametrize(
    "event",
    [
        {"type": "lifespan.unknown"},
        {"type": "http.response.start", "status": 200},
        {"type": "lifespan.shutdown.complete"},
        {},
        None,
    ],
)
def test_unknown_events_raise_and_it_goes_on_without(drive, event):
    async def run(app, scope, receive, send):
        await receive()
        await send(event)

    driver = drive(App(run))
    assert driver.get().status == 200
    assert len(driver.texts("warning")) == len(driver.records) == 1


def test_a_second_complete_raises(drive):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        with pytest.raises(RuntimeError):
            await send(COMPLETE)
        app.notes.append("raised")
        await receive()
        await send({"type": "lifespan.shutdown.complete"})

    app = App(run)
    driver = drive(app)
    driver.turns()
    assert app.notes == ["raised"]
    driver.stop()


@pytest.mark.parametrize("error", [None, ValueError, SystemExit])
def test_a_lifespan_that_dies_later_is_logged_and_served_on(drive, error):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        await asyncio.sleep(0)
        if error is not None:
            raise error("later")

    driver = drive(App(run))
    driver.turns()
    assert len(driver.records) == 1 and "app0" in driver.records[0]["text"]
    assert ("traceback" in driver.records[0]) == (error is not None)
    assert driver.get().status == 200
    driver.stop()
    assert len(driver.records) == 1


def test_a_cancelled_receive_does_not_lose_the_shutdown(drive):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        for _ in range(3):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(receive(), 0.001)
        app.notes.append("waited")
        app.notes.append(await receive())
        await send({"type": "lifespan.shutdown.complete"})

    app = App(run)
    driver = drive(app)
    driver.wait(lambda: app.notes)
    driver.stop()
    assert app.notes == ["waited", {"type": "lifespan.shutdown"}] and driver.records == []


def test_a_failed_shutdown_is_logged(drive):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        await receive()
        await send({"type": "lifespan.shutdown.failed", "message": "cannot close"})

    driver = drive(App(run))
    driver.stop()
    assert len(driver.texts()) == 1 and "cannot close" in driver.texts()[0]


def test_an_error_at_shutdown_is_logged(drive):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        await receive()
        raise ValueError("cannot close")

    driver = drive(App(run))
    driver.stop()
    assert len(driver.texts()) == 1 and "cannot close" in driver.records[0]["traceback"]


def test_a_shutdown_that_hangs_is_bounded(drive):
    async def run(app, scope, receive, send):
        await receive()
        await send(COMPLETE)
        await receive()
        await asyncio.sleep(3600)

    driver = drive(App(run))
    driver.stop(0.05)
    assert len(driver.texts("warning")) == 1 and "app0" in driver.texts("warning")[0]


def test_what_is_left_is_cancelled(drive):
    async def request(app, scope, receive, send):
        if scope["type"] == "websocket":
            await send({"type": "websocket.accept"})
        elif scope["path"] == "/begun":
            await send(START)
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
        try:
            await asyncio.sleep(3600)
        finally:
            app.notes.append("cancelled")

    async def run(app, scope, receive, send):
        await whole(app, scope, receive, send)

    app = App(run, request)
    driver = drive(app)
    streams = [driver.begin(), driver.begin(path="/begun"), driver.begin(SOCKET, None)]
    driver.stop()
    assert all(stream.freed for stream in streams)
    assert streams[0].status == 503 and streams[1].aborted is not None
    assert streams[2].closed == (1012, "")
    # Requests end before the lifespan.
    assert app.notes[1:4] == ["cancelled"] * 3 and app.notes[-1] == "returned"
    assert [record["text"].partition(":")[0] for record in driver.records] == [
        "cancelling requests"
    ]


def test_a_request_that_does_not_end_is_reported(drive):
    async def request(app, scope, receive, send):
        while not app.notes:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)

    app = App(whole, request)
    app.notes = []

    async def quiet(app, scope, receive, send):
        return None

    app.lifespan = quiet
    driver = drive(app)
    driver.begin()
    driver.stop(0.05)
    assert any("r1" in text for text in driver.texts("warning"))
    app.notes.append("go")
    driver.turns()


def test_tasks_generators_and_threads_of_the_application_end(drive):
    notes = []

    async def generate():
        try:
            yield 1
        finally:
            notes.append("generator")

    async def background():
        try:
            await asyncio.sleep(3600)
        finally:
            notes.append("task")

    kept = []

    async def request(app, scope, receive, send):
        generator = generate()
        kept.append(generator)
        await generator.__anext__()
        kept.append(asyncio.ensure_future(background()))
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        await send(START)
        await send({"type": "http.response.body"})

    driver = drive(App(whole, request))
    driver.get()
    driver.stop()
    assert sorted(notes) == ["generator", "task"]
    assert not [t for t in threading.enumerate() if t.name.startswith("asyncio_")]
    assert not asyncio.all_tasks(driver.loop)
    assert driver.records == []


def test_a_thread_that_hangs_does_not_hold_the_end(drive):
    go = threading.Event()

    async def request(app, scope, receive, send):
        asyncio.get_running_loop().run_in_executor(None, go.wait)
        await send(START)
        await send({"type": "http.response.body"})

    driver = drive(App(whole, request))
    driver.get()
    driver.stop(0.05)
    go.set()
    driver.turns()
    # The end of the worker logs what it cuts off.
    assert driver.texts("warning") == []


def test_an_application_that_is_loaded_again_has_a_new_lifespan(drive):
    first, second = App(whole), App(whole)
    driver = drive(first, reloadOnModification=True)
    assert driver.get().body == b"{'one': ['shared']}"
    driver.sources[0].application, driver.sources[0].version = second, 2
    assert driver.get().body == b"{'one': ['shared']}"
    assert first.notes[-1] == "returned" and len(second.notes) == 1
    driver.get()
    assert len(second.notes) == 1
    driver.stop()
    assert second.notes[-1] == "returned"


def test_what_is_loaded_for_each_request_has_none(drive):
    app = App(whole)
    driver = drive(app, cacheCallables=False)
    assert driver.get().body == b"{}" and app.notes == []
    driver.stop()


def test_an_application_that_cannot_be_loaded_is_a_503(drive):
    driver = drive(App(whole), reloadOnModification=True)
    driver.sources[0].application, driver.sources[0].version = None, 2
    assert driver.get().status == 503
    assert driver.slots[0].failure is not None
    driver.sources[0].application = lambda environ, start_response: []
    assert driver.get().status == 503
    driver.sources[0].application, driver.sources[0].version = App(whole), 3
    assert driver.get().status == 200


def test_anyio_finds_a_task_that_lives_as_long_as_the_loop(drive):
    anyio = pytest.importorskip("anyio")
    names = []

    async def request(app, scope, receive, send):
        names.append(await anyio.to_thread.run_sync(lambda: threading.current_thread().ident))
        await send(START)
        await send({"type": "http.response.body"})

    driver = drive(App(whole, request))
    for _ in range(3):
        driver.get()
    assert len(set(names)) == 1
    driver.stop()
