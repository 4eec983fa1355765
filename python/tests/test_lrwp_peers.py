"""`python -m taipan.lrwp`: peers of a real agent, over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from support.lrwp_agent import Agent, format_request, start_peers

APPLICATION = """
import json, os, sys, threading, time
from wsgiref.validate import validator

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/sleep":
        print("sleeping", file=environ["wsgi.errors"], flush=True)
        time.sleep(float(environ["QUERY_STRING"]))
    if path == "/raise":
        raise RuntimeError("on purpose")
    if path == "/raise-late":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return raise_late()
    if path == "/large":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (b"x" * 65536 for _ in range(int(environ["QUERY_STRING"])))
    if path == "/file":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return environ["wsgi.file_wrapper"](open(__file__, "rb"))
    if path == "/thread":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [str(threading.get_ident()).encode()]
    body = environ["wsgi.input"].read(1 << 30)
    if path == "/echo":
        fields = [("Content-Type", "application/octet-stream"), ("X-A", "1"), ("X-A", "2")]
        start_response("201 Made", fields)
        return [body]
    plain = (str, bool, int, tuple)
    facts = {name: value for name, value in environ.items() if isinstance(value, plain)}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps({**facts, "body": len(body), "pid": os.getpid()}).encode()]

def raise_late():
    yield b"begun"
    raise RuntimeError("too late")

def make_strict():
    return validator(app)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("peers")
    (folder / "app.py").write_text(APPLICATION, "utf-8")
    return folder


@pytest.fixture
def agent():
    with Agent() as agent:
        yield agent


@pytest.fixture
def start(folder):
    """Starts peers, and ends them after the test."""
    started = []

    def run(place, *words, **more):
        started.append(start_peers(folder, place, *words, **more))
        return started[-1]

    yield run
    for one in started:
        one.close()


@pytest.fixture(scope="module")
def seat(folder):
    """A registered peer with an application of which many tests ask something."""
    with Agent() as agent:
        peers = start_peers(folder, agent.place)
        yield agent.seat()
        peers.close()


def facts(answer):
    head, body = answer
    assert head.startswith("Status: 200 OK\r\n")
    return json.loads(body)


def test_a_request_reaches_the_application(seat):
    known = facts(seat.ask(PATH_INFO="/a/é", QUERY_STRING="b=c=d", HTTP_HOST="x", SCRIPT_NAME="/p"))
    assert known["SCRIPT_NAME"] == "/p"
    assert known["PATH_INFO"] == "/a/é"
    assert known["QUERY_STRING"] == "b=c=d"
    assert known["HTTP_HOST"] == "x"
    assert known["wsgi.url_scheme"] == "http"
    assert known["wsgi.version"] == [1, 0]
    assert known["wsgi.multithread"] is False
    assert known["wsgi.multiprocess"] is True
    assert known["wsgi.run_once"] is False


def test_what_an_agent_leaves_out_has_values_that_pep_3333_allows(seat):
    seat.send(b"%09d%b%09d" % (9, b"A=b\0C=d\0\0", 0))
    known = facts(seat.answer())
    assert (known["A"], known["C"]) == ("b", "d")
    assert known["REQUEST_METHOD"] == "GET"
    assert known["SCRIPT_NAME"] == known["PATH_INFO"] == known["QUERY_STRING"] == ""
    assert known["SERVER_NAME"] and known["SERVER_PORT"].isdigit() and known["SERVER_PROTOCOL"]


def test_variables_do_not_replace_what_the_peer_says(seat):
    known = facts(seat.ask(**{"wsgi.url_scheme": "x", "wsgi.multithread": "x", "HTTPS": "on"}))
    assert known["wsgi.url_scheme"] == "https"
    assert known["wsgi.multithread"] is False


def test_pieces_without_a_name_or_an_equals_sign_are_skipped(seat):
    variables = b"\0JUNK\0=x\0A=1\0"
    seat.send(b"%09d%b%09d" % (len(variables), variables, 0))
    known = facts(seat.answer())
    assert known["A"] == "1"
    assert "JUNK" not in known and "" not in known


def test_a_body_with_any_bytes_goes_there_and_back(seat):
    body = bytes(range(256)) * 3
    head, echo = seat.ask(body, PATH_INFO="/echo", REQUEST_METHOD="POST")
    assert head.split("\r\n") == [
        "Status: 201 Made",
        "Content-Type: application/octet-stream",
        "X-A: 1",
        "X-A: 2",
        f"Content-Length: {len(body)}",
    ]
    assert echo == body


def test_bodies_beyond_the_memory_limit_go_there_and_back(seat):
    body = os.urandom(3 * 1024 * 1024 + 1)
    _, echo = seat.ask(body, PATH_INFO="/echo", REQUEST_METHOD="POST")
    assert echo == body


def test_the_length_of_the_body_is_what_the_agent_counted(seat):
    known = facts(seat.ask(b"abc", REQUEST_METHOD="POST"))
    assert (known["CONTENT_LENGTH"], known["body"]) == ("3", 3)


def test_a_request_may_arrive_in_any_pieces(seat):
    for byte in format_request(b"\0\xff\n", PATH_INFO="/echo", REQUEST_METHOD="POST"):
        seat.send(bytes([byte]))
    assert seat.answer()[1] == b"\0\xff\n"


def test_requests_that_arrive_together_are_answered_in_turn(seat):
    seat.send(format_request(PATH_INFO="/first") + format_request(PATH_INFO="/second"))
    assert facts(seat.answer())["PATH_INFO"] == "/first"
    assert facts(seat.answer())["PATH_INFO"] == "/second"


def test_a_long_response_is_one_counted_block(seat):
    _, body = seat.ask(PATH_INFO="/large", QUERY_STRING="48")
    assert body == b"x" * 65536 * 48


def test_a_file_is_read_by_the_peer(seat, folder):
    assert seat.ask(PATH_INFO="/file")[1] == (folder / "app.py").read_bytes()


def test_head_requests_have_no_body(seat):
    head, body = seat.ask(REQUEST_METHOD="HEAD", PATH_INFO="/thread")
    assert "Content-Length: " in head
    assert body == b""


@pytest.mark.parametrize("path", ["/raise", "/raise-late"])
def test_an_exception_is_a_500_even_after_the_first_block(seat, path):
    head, body = seat.ask(PATH_INFO=path)
    assert head.startswith("Status: 500 ")
    assert body == b"Internal Server Error\n"
    assert facts(seat.ask())["PATH_INFO"] == "/"


def test_the_validator_has_nothing_to_object(start, agent, folder):
    start(agent.place, target="app.py:make_strict()")
    seat = agent.seat()
    known = facts(
        seat.ask(SERVER_NAME="a", SERVER_PORT="1", SCRIPT_NAME="", PATH_INFO="/x", QUERY_STRING="")
    )
    assert known["PATH_INFO"] == "/x"
    seat.send(b"%09d%b%09d" % (2, b"\0\0", 0))
    assert facts(seat.answer())["REQUEST_METHOD"] == "GET"


def test_peers_are_threads_of_one_process(start, agent):
    start(agent.place, "--peers", "3")
    seats = [agent.seat() for _ in range(3)]
    known = [facts(seat.ask()) for seat in seats]
    assert len({one["pid"] for one in known}) == 1
    assert all(one["wsgi.multithread"] for one in known)
    assert len({seat.ask(PATH_INFO="/thread")[1] for seat in seats}) == 3


def test_the_virtual_host_is_part_of_the_registration(start, agent):
    start(agent.place, "--host", "www.example.org")
    agent.seat(b"calc\xffwww.example.org\xff")


def test_a_unix_socket_is_an_address(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Agent("a.sock", socket.AF_UNIX) as agent:
        start(f"unix:{tmp_path / 'a.sock'}")
        assert facts(agent.seat().ask())["PATH_INFO"] == "/"


def test_the_first_request_may_come_together_with_the_ok(start, agent):
    start(agent.place)
    seat = agent.accept()
    assert seat.read(6) == b"calc\xff\xff"
    seat.send(b"OK" + format_request(PATH_INFO="/at-once"))
    assert facts(seat.answer())["PATH_INFO"] == "/at-once"


def test_the_ok_may_come_in_pieces(start, agent):
    start(agent.place)
    seat = agent.accept()
    seat.read(6)
    seat.send(b"O")
    seat.send(b"K")
    assert facts(seat.ask())["PATH_INFO"] == "/"


def prove(challenge, password):
    return bytes(byte ^ password[at % len(password)] for at, byte in enumerate(challenge))


@pytest.fixture
def password_file(tmp_path):
    path = tmp_path / "calc.password"
    path.write_bytes(b"s3cret\nmore\n")
    return path


SECOND = b"\xff2.0\xffcalc\xff\xff"


def test_a_password_is_proved_by_version_2(start, agent, password_file):
    start(agent.place, "--password-file", password_file)
    seat = agent.accept()
    assert seat.read(len(SECOND)) == SECOND
    challenge = os.urandom(32)
    seat.send(b"CHALLENGE\xff000000032" + challenge)
    assert seat.read(41) == b"000000032" + prove(challenge, b"s3cret")
    seat.send(b"OK\xff" + format_request(PATH_INFO="/at-once"))
    assert facts(seat.answer())["PATH_INFO"] == "/at-once"


def test_version_2_may_be_accepted_without_a_challenge(start, agent, password_file):
    start(agent.place, "--password-file", password_file)
    seat = agent.accept()
    seat.read(len(SECOND))
    for byte in b"OK\xff":
        seat.send(bytes([byte]))
    assert facts(seat.ask())["PATH_INFO"] == "/"


def test_a_wrong_password_ends_the_program(start, agent, password_file):
    peers = start(agent.place, "--password-file", password_file)
    seat = agent.accept()
    seat.read(len(SECOND))
    seat.send(b"CHALLENGE\xff000000032" + bytes(32))
    seat.read(41)
    seat.send(b"REJECTED\xffInvalid passphrase\xff")
    seat.close()
    code, errors = peers.end()
    assert code == 4
    assert "refuses the registration of 'calc': Invalid passphrase" in errors


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"ERROR: Application not permitted", "calc': Application not permitted"),
        (b"Malformed LRWP2 connection string", "calc': Malformed LRWP2 connection string"),
        (b"ERROR: Connection requires LRWP2 authentication", "--password-file names"),
        (b"ERROR: \x1b[2J\xff\n", "calc': \\x1b[2J\\xff\\n"),
    ],
)
def test_a_refusal_is_shown_and_ends_the_program(start, agent, answer, shown):
    peers = start(agent.place, "--peers", "2")
    agent.seat()
    seat = agent.accept()
    seat.read(6)
    seat.send(answer[:5])
    seat.send(answer[5:])
    seat.close()
    code, errors = peers.end()
    assert code == 4
    assert shown in errors
    assert "Traceback" not in errors


def test_nobody_there_ends_the_program_after_its_patience(start):
    with Agent() as agent:
        place = agent.place
    code, errors = start(place, "--wait", "0.2").end()
    assert code == 5
    assert f"{place}: Connection refused" in errors
    assert "--connect" in errors


def test_another_protocol_is_called_so(start, agent):
    peers = start(agent.place, "--wait", "0")
    seat = agent.accept()
    seat.read(6)
    seat.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    seat.close()
    code, errors = peers.end()
    assert code == 5
    assert "does not speak LRWP, it answered 'HTTP/1.1 400 Bad Request" in errors


def test_a_server_that_comes_late_is_waited_for(start, tmp_path):
    path = str(tmp_path / "late.sock")
    start(f"unix:{path}").wait_for("No such file or directory; the peer tries again")
    with Agent(path, socket.AF_UNIX) as agent:
        assert facts(agent.seat().ask())["PATH_INFO"] == "/"


def test_peers_come_back_when_the_agent_does(start, agent):
    peers = start(agent.place, "--wait", "0")
    pids = set()
    for _ in range(4):
        seat = agent.seat()
        pids.add(facts(seat.ask())["pid"])
        seat.close()
    assert len(pids) == 1
    agent.seat()
    assert peers.stop()[0] == 0


def test_a_refused_connection_later_is_tried_again(start):
    with Agent() as agent:
        port = agent.port
        start(agent.place, "--wait", "0")
        seat = agent.seat()
    seat.close()
    with Agent(("127.0.0.1", port)) as agent:
        assert facts(agent.seat().ask())["PATH_INFO"] == "/"


BROKEN = {
    "length": b"00000001x",
    "sign": b"-00000001",
    "spaces": b"        1",
    "huge variables": b"999999999",
    "length of the body": b"000000002\0\0" + b"+00000001",
    "half a length": b"0000",
    "half the variables": b"000000100A=b",
    "no length of the body": b"000000002\0\0",
    "half a body": b"000000002\0\0" + b"000000009abc",
    "half a large body": b"000000002\0\0" + b"999999999" + bytes(2 * 1024 * 1024),
    "nothing": b"",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_broken_request_costs_its_connection_alone(start, agent, broken):
    peers = start(agent.place, "--wait", "0")
    seat = agent.seat()
    seat.send(broken)
    seat.connection.shutdown(socket.SHUT_WR)
    assert seat.read_end() == b""
    assert facts(agent.seat().ask())["PATH_INFO"] == "/"
    code, errors = peers.stop()
    assert code == 0
    assert "Traceback" not in errors


ANSWERS = {
    "nothing": b"",
    "half an OK": b"O",
    "half a word": b"CHAL",
    "half a challenge": b"CHALLENGE\xff000000032abc",
    "no length": b"CHALLENGE\xff",
    "an empty challenge": b"CHALLENGE\xff000000000",
    "a huge challenge": b"CHALLENGE\xff999999999",
    "no digits": b"CHALLENGE\xff3200000aa",
    "half a rejection": b"REJECTED",
    "an endless word": b"x" * 5000,
}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_a_broken_answer_to_a_registration_is_not_the_last_word(
    start, agent, password_file, answer, version
):
    words = ("--password-file", password_file) if version == 2 else ()
    registration = SECOND if version == 2 else b"calc\xff\xff"
    peers = start(agent.place, *words)
    seat = agent.accept()
    assert seat.read(len(registration)) == registration
    seat.send(answer)
    seat.connection.shutdown(socket.SHUT_WR)
    try:
        assert seat.read_end() == b""
    except ConnectionResetError:
        pass  # it had not read all
    seat = agent.accept()
    assert seat.read(len(registration)) == registration
    seat.send(b"OK\xff"[: version + 1])
    assert facts(seat.ask())["PATH_INFO"] == "/"
    assert "Traceback" not in peers.stop()[1]


def test_an_agent_that_leaves_in_a_request_costs_the_request(start, agent):
    start(agent.place, "--wait", "0")
    seat = agent.seat()
    seat.send(format_request(PATH_INFO="/large", QUERY_STRING="200"))
    seat.read(9)
    seat.close()
    assert facts(agent.seat().ask())["PATH_INFO"] == "/"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_idle_peers_at_once(start, agent, number):
    peers = start(agent.place, "--peers", "2")
    seats = [agent.seat(), agent.seat()]
    for seat in seats:
        seat.ask()
    code, errors = peers.stop(number)
    assert code == 0
    assert "Traceback" not in errors
    assert [seat.read_end() for seat in seats] == [b"", b""]


def test_a_signal_ends_peers_that_reach_nobody(start):
    with Agent() as agent:
        place = agent.place
    peers = start(place, "--wait", "600", "--peers", "2")
    peers.wait_for("Connection refused; the peer tries again")
    assert peers.stop()[0] == 0


def test_a_signal_lets_a_request_finish(start, agent):
    peers = start(agent.place)
    seat = agent.seat()
    seat.send(format_request(PATH_INFO="/sleep", QUERY_STRING="0.5"))
    peers.wait_for("sleeping")
    peers.process.send_signal(signal.SIGTERM)
    assert facts(seat.answer())["PATH_INFO"] == "/sleep"
    assert seat.read_end() == b""
    assert peers.end()[0] == 0


def test_a_request_that_does_not_finish_is_cut_off(start, agent):
    peers = start(agent.place, "--grace", "0.2")
    seat = agent.seat()
    seat.send(format_request(PATH_INFO="/sleep", QUERY_STRING="600"))
    peers.wait_for("sleeping")
    code, errors = peers.stop()
    assert code == 1
    assert "a request was not answered" in errors


def test_a_second_signal_ends_the_program_at_once(start, agent):
    peers = start(agent.place)
    seat = agent.seat()
    seat.send(format_request(PATH_INFO="/sleep", QUERY_STRING="600"))
    peers.wait_for("sleeping")
    peers.process.send_signal(signal.SIGTERM)
    peers.wait_for("stops")
    assert peers.stop()[0] == -signal.SIGTERM
