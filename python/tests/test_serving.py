"""How requests and messages of Node are served, in a thread of the tests."""

from __future__ import annotations

import json
import socket
import sys
import threading

import pytest

from support.worker_process import DEADLINE, Peer, ThreadPeer, file_application
from taipan import frames
from taipan.control import ControlChannel, ControlThread
from taipan.dispatch import ServedElsewhere
from taipan.events import TransportClosed
from taipan.logs import Logs, Requests
from taipan.serving import Serving
from taipan.transports.socket import ThreadSocket

APPLICATION = """
import threading
reached, opened = threading.Event(), threading.Event()
def handler(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/held":
        hold_here()
    if path == "/fails":
        raise ValueError("the application's own")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return (block for block in [b"one ", b"two"]) if path == "/blocks" else [b"whole"]
def hold_here():
    reached.set()
    opened.wait(20)
"""


class Served:
    """`Serving` on the ends of sockets, with Node's ends of them."""

    def __init__(self, application, **configuration):
        (control, channel), (thread, self.end) = socket.socketpair(), socket.socketpair()
        self.control, self.thread = Peer(control), ThreadPeer(thread)
        self.channel = ControlChannel(channel)
        self.sockets = [control, channel, thread, self.end]
        self.requests = Requests()
        self.records = []
        self.broken = []
        config = {
            "multithread": False,
            "multiprocess": False,
            "argv": ["app.py"],
            "applications": [application],
            **configuration,
        }
        logs = Logs(self.records.append, self.requests)
        self.serving = Serving(self.channel, config, [self.end], (logs, self.requests))
        self.loaded = self.serving.load()
        ready = self.serving.report_ready
        self.server = threading.Thread(
            target=self.serving.threads.serve_here, args=(0, ready, self.broken.append)
        )
        self.commands = threading.Thread(
            target=ControlThread(self.channel, self.serving.handlers(), lambda: None)._run
        )

    def start(self):
        self.server.start()
        self.commands.start()
        return self.expect("ready")

    def tell(self, **message):
        self.control.send(frames.encode(frames.CONTROL, 0, json.dumps(message).encode()))

    def expect(self, kind):
        """The next message of a kind."""
        while True:
            message = json.loads(self.control.expect(frames.CONTROL).payload)
            if message["type"] == kind:
                return message

    def close(self):
        for one in (self.control.socket, self.thread.socket):
            one.close()
        for thread in (self.server, self.commands):
            if thread.ident is not None:
                thread.join(DEADLINE)
                assert not thread.is_alive()
        for one in self.sockets:
            one.close()


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Makes `Served` of a source."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "argv", list(sys.argv))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    made = []

    def make(source=APPLICATION, more=(), **configuration):
        (tmp_path / "application.py").write_text(source)
        made.append(Served(file_application(tmp_path, **dict(more)), **configuration))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_requests_are_answered_one_after_the_other(serve):
    served = serve()
    assert served.loaded
    assert served.start()["applications"][0]["failure"] == ""
    assert served.thread.get(PATH_INFO="/").body == b"whole"
    answer = served.thread.get(PATH_INFO="/blocks")
    assert (answer.status, answer.body, answer.aborted) == (200, b"one two", None)
    assert served.thread.get(PATH_INFO="/fails").status == 500
    assert any("the application's own" in str(record) for record in served.records)
    assert served.broken == []


def test_a_ping_is_answered_and_unknown_messages_are_ignored(serve):
    served = serve()
    served.start()
    served.tell(type="new in a later version")
    served.tell(type="ping", id=7)
    assert served.expect("pong") == {"type": "pong", "id": 7}


def test_stacks_of_a_request_that_runs(serve):
    served = serve()
    served.start()
    served.thread.request(PATH_INFO="/held", **{"taipan.request_id": "r7"})
    application = served.serving.slots[0].application
    assert application.__globals__["reached"].wait(DEADLINE)
    try:
        served.tell(type="stacks", id=3, streams=[])
        found = served.expect("stacks")
        served.tell(type="stacks", id=4, thread=1)
        of_another = served.expect("stacks")
    finally:
        application.__globals__["opened"].set()
    assert served.thread.answer().body == b"whole"
    [stack] = [one for one in found["stacks"] if one["request"] == "r7"]
    assert (found["id"], found["more"]) == (3, 0)
    assert (stack["kind"], stack["name"]) == ("thread", "taipan-0")
    assert "in hold_here\n" in stack["stack"]
    assert of_another["stacks"] == []


def test_requests_that_have_not_begun_are_recalled(serve):
    served = serve()
    served.start()
    served.thread.request(PATH_INFO="/held")
    application = served.serving.slots[0].application
    assert application.__globals__["reached"].wait(DEADLINE)
    served.thread.request(PATH_INFO="/")
    served.tell(type="recall", thread=0)
    assert served.expect("recalled") == {"type": "recalled", "thread": 0, "requests": [0]}
    application.__globals__["opened"].set()
    assert served.thread.answer().body == b"whole"
    assert served.thread.quiet(0)


def test_an_interrupt_of_a_request_that_it_does_not_serve_reaches_nobody(serve):
    served = serve()
    served.start()
    assert served.thread.get(PATH_INFO="/").body == b"whole"
    served.tell(type="interrupt", thread=0, request="r0", facts={"age": 1})
    told = served.expect("interrupted")
    assert (told["request"], told["facts"], told["stack"]) == ("r0", {"age": 1}, "")
    assert served.thread.get(PATH_INFO="/").body == b"whole"


def test_the_stop_is_told_to_applications(serve):
    source = """
def handler(environ, start_response):
    start_response("200 OK", [])
    return [b"%d" % environ["taipan.stopping"].is_set()]
"""
    served = serve(source)
    served.start()
    assert served.thread.get().body == b"0"
    served.tell(type="stopping", reason="restart_interval")
    served.tell(type="ping", id=1)
    served.expect("pong")
    assert served.thread.get().body == b"1"


def test_one_that_cannot_be_loaded_is_told_and_answered_with_an_error(serve):
    served = serve("raise ValueError('not today')")
    # A file may be mended.
    assert served.loaded
    [described] = served.start()["applications"]
    assert "not today" in described["failure"] and "ValueError" in described["traceback"]
    assert served.thread.get().status == 503


def test_one_that_is_loaded_for_each_request_is_logged_each_time(serve):
    served = serve("raise ValueError('not today')", {"cacheCallables": False})
    served.start()
    for _ in range(2):
        assert served.thread.get().status == 503
    texts = [str(record) for record in served.records]
    assert sum("application app could not be loaded" in text for text in texts) == 2


def test_without_one_that_must_be_served_the_worker_ends(serve):
    served = serve("raise ValueError('not today')", required=["app"])
    assert not served.loaded
    told = served.expect("failed")
    assert told["application"] == "app" and "not today" in told["summary"]
    # Node demanded it, so it knows of the others.
    assert told["applications"] == []


def test_one_that_an_earlier_worker_could_not_load_is_left_out(serve):
    left_out = [{"name": "app", "failure": "it hangs", "traceback": "Traceback"}]
    served = serve(leftOut=left_out)
    [described] = served.start()["applications"]
    assert (described["leftOut"], described["failure"]) == (True, "it hangs")


class TestSteps:
    """Requests that wait in a thread which serves others meanwhile."""

    @pytest.fixture
    def begin(self, serve):
        served = serve()
        transport = ThreadSocket(served.end)
        requested = {
            "REQUEST_METHOD": "GET",
            "QUERY_STRING": "",
            "taipan.request_id": "r9",
        }

        def begin(path):
            environ = {**requested, "PATH_INFO": path}
            transport._begin(1)
            return served.serving.dispatcher.begin((0, environ, b""), transport)

        begin.served = served
        return begin

    def test_whole_responses_leave_nothing_to_do(self, begin):
        assert begin("/") is None
        assert begin.served.thread.answer().body == b"whole"

    def test_each_step_sends_a_block(self, begin):
        rest = begin("/blocks")
        proceed = begin.served.serving.dispatcher.proceed
        steps = 0
        while proceed(rest, "r9"):
            steps += 1
        assert steps == 2
        assert begin.served.thread.answer().body == b"one two"

    def test_an_error_ends_it(self, begin):
        rest = begin("/blocks")
        proceed = begin.served.serving.dispatcher.proceed
        assert proceed(rest, "r9")
        with pytest.raises(TransportClosed):
            proceed(rest, "r9", TransportClosed())
        assert set(begin.served.requests.of_thread.values()) == {None}


def test_requests_for_another_interpreter_are_handed_on(serve):
    served = serve()
    dispatcher = served.serving.dispatcher
    dispatcher.elsewhere = {0}
    request = (0, {"REQUEST_METHOD": "GET"}, b"")
    with pytest.raises(ServedElsewhere) as raised:
        dispatcher.dispatch_own(request, ThreadSocket(served.end))
    assert raised.value.request is request
    assert dispatcher.application_name(0) == "app"


def test_a_socket_is_left_with_what_was_read_and_taken_over_by_another(serve):
    served = serve()
    served.thread.request(PATH_INFO="/held", **{"taipan.request_id": "first"})
    served.thread.request(PATH_INFO="/", **{"taipan.request_id": "second"})
    left = ThreadSocket(served.end)
    states = []

    def give_away(request, transport):
        states.append(transport.leave(request))
        raise TransportClosed

    with pytest.raises(TransportClosed):
        left.serve(give_away)
    assert left.recall() is None
    taken = ThreadSocket(served.end)
    first = taken.arrive(states[0])
    assert first[1]["taipan.request_id"] == "first"
    seen = []

    def note(request, _transport):
        seen.append(request[1]["taipan.request_id"])
        if len(seen) == 2:
            raise TransportClosed

    with pytest.raises(TransportClosed):
        taken.serve(note, first)
    assert seen == ["first", "second"]
