"""The command line of `python -m taipan.lrwp`, and its parts without a connection."""

from __future__ import annotations

from socket import socketpair

import pytest

from support.lrwp_agent import Agent, PeerProcess, start_peers
from taipan.lrwp import output as outputs
from taipan.lrwp.address import TcpAddress, UnixAddress, parse_address
from taipan.lrwp.arguments import parse_arguments
from taipan.lrwp.errors import AgentError
from taipan.lrwp.exchange import Exchange
from taipan.lrwp.lengths import PART_LIMIT, format_length, parse_length
from taipan.lrwp.output import CountedOutput, OutputTooLarge
from taipan.lrwp.registration import Registration, format_proof, format_registration
from taipan.lrwp.request import parse_variables
from taipan.lrwp.stream import AgentStream
from taipan.wsgi import WsgiSettings, run

PROGRAM = ("-m", "taipan.lrwp")


def refuse(words, capsys):
    with pytest.raises(SystemExit) as caught:
        parse_arguments(words)
    assert caught.value.code == 2
    return capsys.readouterr().err


def test_help_shows_a_way_to_start(capsys):
    with pytest.raises(SystemExit) as caught:
        parse_arguments(["--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    for part in ("python -m taipan.lrwp app.py --name calc", "taipan path python", "Exit codes: 0"):
        assert part in text
    assert max(map(len, text.splitlines())) <= 100


def test_usual_values():
    options = parse_arguments(["app.py", "--name", "calc"])
    assert options.address == TcpAddress("127.0.0.1", 1081)
    assert options.registration == Registration("calc")
    assert options.peers == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["app.py"], "--name"),
        (["--name", "calc"], "TARGET"),
        (["app.py", "--name", "/"], "the name of the application is empty"),
        (["app.py", "--name", "a b"], "'a b' has a space"),
        (["app.py", "--name", "a\xff\0"], "not printed"),
        (["app.py", "--name", "x" * 201], "has 201 bytes; LRWP allows 200"),
        (["app.py", "--name", "calc", "--host", "é" * 101], "virtual host has 202 bytes"),
        (["app.py", "--name", "calc", "--peers", "0"], "from 1 to 1000, found '0'"),
        (["app.py", "--name", "calc", "--peers", "two"], "from 1 to 1000, found 'two'"),
        (["app.py", "--name", "calc", "--wait", "-1"], "expected seconds, such as 10 or 0.5"),
        (["app.py", "--name", "calc", "--connect", "host:1"], "neither tcp://HOST:PORT nor unix:"),
        (["app.py", "--name", "calc", "--connect", "tcp://host:99999"], "neither tcp://"),
        (["app.py", "--name", "calc", "--password-file", "/nowhere"], "No such file"),
        (["app.py", "--name", "calc", "--password-file", "/dev/null"], "first line is empty"),
        (["app.py", "--name", "calc", "--nonsense"], "--nonsense"),
    ],
)
def test_wrong_options_are_named(words, message, capsys):
    assert message in refuse(words, capsys)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("tcp://localhost:81", TcpAddress("localhost", 81)),
        ("tcp://localhost", TcpAddress("localhost", 1081)),
        ("tcp://[::1]:81", TcpAddress("::1", 81)),
        ("unix:/run/a b.sock", UnixAddress("/run/a b.sock")),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address
    assert parse_address(str(address)) == address


def run_once(folder, target, *words):
    with Agent() as agent:
        peers = start_peers(folder, agent.place, *words, target=target)
        try:
            return peers.end()
        finally:
            peers.close()


@pytest.mark.parametrize(
    ("target", "text", "message"),
    [
        ("nowhere:app", "", "there is no module 'nowhere'"),
        ("app.py", "import nothing_such", "No module named 'nothing_such'"),
        ("app.py", "1 / 0", "ZeroDivisionError"),
        ("app.py", "x = 1", "app.py has no application"),
        ("app.py", "async def app(scope, receive, send): pass", "is an ASGI application; LRWP"),
        ("app.py", "import sys; sys.exit(0)", "sys.exit(0)"),
    ],
)
def test_an_application_that_does_not_load_ends_the_program(tmp_path, target, text, message):
    (tmp_path / "app.py").write_text(text, "utf-8")
    code, errors = run_once(tmp_path, target)
    assert code == 3
    assert message in errors
    assert "runpy" not in errors


def test_the_folder_of_the_application_may_be_elsewhere(tmp_path):
    (tmp_path / "apps").mkdir()
    # The folder of Taipan has a `main`, too.
    text = "def app(environ, start):\n    start('200 OK', [])\n    return [b'mine']\n"
    (tmp_path / "apps" / "main.py").write_text(text, "utf-8")
    with Agent() as agent:
        words = ("--app-dir", "apps")
        peers = start_peers(tmp_path, agent.place, *words, target="main:app")
        assert agent.seat().ask()[1] == b"mine"
        assert peers.stop()[0] == 0
        peers.close()


def test_without_arguments_the_program_says_what_it_needs(tmp_path):
    program = PeerProcess(*PROGRAM, cwd=tmp_path)
    code, errors = program.end()
    program.close()
    assert code == 2
    assert "usage: python -m taipan.lrwp TARGET --name NAME" in errors


def test_lengths_have_nine_digits():
    for length in (0, 1, 123456789, PART_LIMIT):
        assert parse_length(format_length(length)) == length
    for digits in (b"", b"00000000", b"0000000000", b"00000000 ", b"+00000001", b"0000_0001"):
        with pytest.raises(AgentError):
            parse_length(digits)


def test_registrations_are_those_of_the_original():
    assert format_registration(Registration("calc", "host")) == b"calc\xffhost\xff"
    assert format_registration(Registration(".calc", filter="x")) == b".calc\xff\xffx"
    assert format_registration(Registration("a/b", "h", b"p")) == b"\xff2.0\xffa/b\xffh\xff"


def test_a_proof_repeats_the_password():
    assert format_proof(b"\0\0\0\1", b"ab") == b"000000004abac"


def test_variables_are_split_at_the_first_equals_sign():
    assert parse_variables(b"A=b=c\0B=\0C\0=d\0\0") == {b"A": b"b=c", b"B": b""}
    assert parse_variables(b"A=1\0B=2") == {b"A": b"1", b"B": b"2"}


class Records:
    def __init__(self):
        self.texts = []

    def report(self, level, text, traceback=None):
        self.texts.append(text)

    def end_request(self):
        pass


@pytest.mark.parametrize("counted", [True, False])
def test_what_nine_digits_cannot_count_is_a_500(monkeypatch, counted):
    monkeypatch.setattr(outputs, "PART_LIMIT", 1000)
    fields = [("Content-Length", "2000")] if counted else []

    def application(environ, start_response):
        write = start_response("200 OK", fields)
        write(b"x" * 900)
        with pytest.raises(OutputTooLarge):
            write(b"x" * 1100)
        return []

    assert answer(application).startswith(b"000000120Status: 500 Internal Server Error\r\n")


def test_a_response_whose_end_is_swallowed_is_a_500(monkeypatch):
    monkeypatch.setattr(outputs, "PART_LIMIT", 1000)

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "2000")])
        return iter([b"x" * 900, b"x" * 1100])

    assert b"Status: 500 Internal" in answer(application)


def answer(application):
    output = CountedOutput()
    environ = {"REQUEST_METHOD": "GET"}
    settings = WsgiSettings(Records(), None)
    run(application, environ, b"", Exchange(None, output), settings)
    near, far = socketpair()
    with near, far:
        output.send(AgentStream(near))
        output.close()
        return far.recv(65536)
