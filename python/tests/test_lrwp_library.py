"""The module `lrwp`: programs in the interface of the old library, as peers and by CGI."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap

import pytest

from support.lrwp_agent import DEADLINE, FOLDER, Agent, PeerProcess

#: A program as one was written for Xitami.
ECHO = """
import sys
import lrwp

peer = lrwp.LRWP(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
peer.connect()
count = 0
try:
    while True:
        request = peer.acceptRequest()
        count += 1
        request.out.write("Content-Type: text/plain\\r\\n\\r\\n")
        request.out.write("%d %s " % (count, request.env["PATH_INFO"]))
        request.out.write(request.inp.read())
        request.err.write("answered\\n")
        request.finish()
except lrwp.ConnectionClosed:
    peer.close()
"""


@pytest.fixture
def agent():
    with Agent() as agent:
        yield agent


@pytest.fixture
def run(tmp_path, agent):
    """Starts a program with the arguments of `ECHO`."""
    started = []

    def start(text, *words):
        path = tmp_path / "program.py"
        path.write_text(textwrap.dedent(text), "utf-8")
        words = words or ("calc", "127.0.0.1", agent.port)
        started.append(PeerProcess(path, *words, cwd=tmp_path))
        return started[-1]

    yield start
    for program in started:
        program.close()


def test_an_old_program_answers_until_the_server_leaves(run, agent):
    program = run(ECHO)
    seat = agent.seat()
    head, body = seat.ask(b"\xff\0a", PATH_INFO="/x", REQUEST_METHOD="POST")
    assert head == "Content-Type: text/plain"
    assert body == b"1 /x \xff\0a"
    assert seat.ask(PATH_INFO="/y")[1] == b"2 /y "
    seat.close()
    assert program.end() == (0, "answered\nanswered\n")


def test_a_program_that_expects_no_end_shows_why_it_ended(run, agent):
    program = run(ECHO.replace("except lrwp.ConnectionClosed:", "finally:"))
    agent.seat().close()
    code, errors = program.end()
    assert code == 1
    assert "ConnectionClosed: the server has closed the connection" in errors


def test_virtual_host_and_filter_are_registered(run, agent):
    run(ECHO, "calc", "127.0.0.1", agent.port, "www.example.org", ".x")
    agent.seat(b"calc\xffwww.example.org\xff.x")


def test_a_unix_socket_is_a_host(run, tmp_path):
    with Agent(str(tmp_path / "a.sock"), socket.AF_UNIX) as agent:
        run(ECHO, "calc", f"unix:{tmp_path / 'a.sock'}", "0")
        assert agent.seat().ask()[1] == b"1 / "


def test_the_next_request_finishes_the_one_before(run, agent):
    run(ECHO.replace("        request.finish()\n", ""))
    seat = agent.seat()
    assert seat.ask(PATH_INFO="/x")[1] == b"1 /x "
    assert seat.ask(PATH_INFO="/y")[1] == b"2 /y "


def test_a_body_beyond_the_memory_limit_goes_there_and_back(run, agent):
    run(ECHO)
    body = os.urandom(2 * 1024 * 1024)
    assert agent.seat().ask(body)[1] == b"1 / " + body


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (b"ERROR: Application not permitted", "ConnectError: tcp://127.0.0.1:"),
        (b"REFUSED", "SocketError: tcp://127.0.0.1:"),
        (b"", "SocketError: tcp://127.0.0.1:"),
    ],
)
def test_a_refusal_is_raised(run, agent, answer, shown):
    program = run(ECHO)
    seat = agent.accept()
    seat.read(6)
    seat.send(answer)
    seat.close()
    code, errors = program.end()
    assert code == 1
    assert shown in errors


def test_nobody_there_is_raised(run):
    with Agent() as other:
        port = other.port
    code, errors = run(ECHO, "calc", "127.0.0.1", port).end()
    assert code == 1
    assert f"SocketError: tcp://127.0.0.1:{port}: Connection refused" in errors


@pytest.mark.parametrize("broken", [b"00000000x", b"000000002\0\0" + b"-00000001", b"999999999"])
def test_broken_requests_are_raised(run, agent, broken):
    program = run(ECHO)
    seat = agent.seat()
    seat.send(broken)
    code, errors = program.end()
    assert code == 1
    assert "SocketError: it sent " in errors


@pytest.mark.parametrize("broken", [b"0000", b"000000009A=b", b"000000002\0\0" + b"000000009abc"])
def test_a_request_that_breaks_off_is_the_end(run, agent, broken):
    program = run(ECHO)
    seat = agent.seat()
    seat.send(broken)
    seat.close()
    assert program.end() == (0, "")


def test_a_password_is_proved(run, agent):
    run(ECHO.replace("*sys.argv[4:])", "password='ab')"))
    seat = agent.accept()
    assert seat.read(11) == b"\xff2.0\xffcalc\xff\xff"
    seat.send(b"CHALLENGE\xff000000004\0\0\0\1")
    assert seat.read(13) == b"000000004abac"
    seat.send(b"OK\xff")
    assert seat.ask()[1] == b"1 / "


FORM = """
import sys
import lrwp

peer = lrwp.LRWP("form", "127.0.0.1", int(sys.argv[-1]))
peer.connect()
request = peer.acceptRequest()
form = request.getFieldStorage()
request.out.write(b"Content-Type: text/plain\\r\\n\\r\\n")
for name in sorted(form):
    request.out.write("%s=%s\\n" % (name, form[name].value))
request.finish()
try:
    peer.acceptRequest()
except lrwp.ConnectionClosed:
    peer.close()
"""
FORM_BODY = b"a=%C3%A9&empty=&b=1"
FORM_VARIABLES = {
    "REQUEST_METHOD": "POST",
    "CONTENT_TYPE": "application/x-www-form-urlencoded",
    "QUERY_STRING": "c=2",
}
FORM_PAGE = "a=é\nb=1\nc=2\nempty=\n".encode()


def test_forms_are_read(run, agent):
    run(FORM, agent.port)
    seat = agent.seat(b"form\xff\xff")
    assert seat.ask(FORM_BODY, **FORM_VARIABLES)[1] == FORM_PAGE


def test_the_query_of_a_get_is_the_form(run, agent):
    run(FORM, agent.port)
    seat = agent.seat(b"form\xff\xff")
    assert seat.ask(QUERY_STRING="a=1&b=")[1] == b"a=1\nb=\n"


STDIO = """
import os, sys
import lrwp

peer = lrwp.LRWP("calc", "127.0.0.1", int(sys.argv[1]), useStdio=1)
peer.connect()
while True:
    request = peer.acceptRequest()
    print("Content-Type: text/plain")
    print()
    print(os.environ["PATH_INFO"], os.getenv("HOME"), os.environ.get("HTTP_PROXY"))
    print(sys.stdin.read(), end="")
    sys.stdout.buffer.write(b"\\xff")
    sys.stdout.flush()
    request.finish()
    assert "PATH_INFO" not in os.environ
    print("outside", sys.stdin.read(), file=sys.stderr)
    print("to the console")
    sys.stdout.flush()
"""


def test_standard_streams_are_those_of_the_request(run, agent):
    program = run(STDIO, agent.port)
    seat = agent.seat()
    for text in ("é", "x"):
        _, body = seat.ask(text.encode(), PATH_INFO="/x", HTTP_PROXY="evil")
        assert body == f"/x {os.environ.get('HOME')} None\n{text}".encode() + b"\xff"
    seat.close()
    output, _ = program.process.communicate(timeout=DEADLINE)
    assert output == b"to the console\n" * 2
    assert program.errors.startswith("outside \noutside \n")


def start_cgi(tmp_path, text, body=b"", **variables):
    """Runs a program as a server does by CGI."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(text), "utf-8")
    given = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "PATH_INFO": "/x"}
    if body:
        given["CONTENT_LENGTH"] = str(len(body))
    return subprocess.run(
        [sys.executable, str(path), "calc", "127.0.0.1", "1"],
        input=body + b"beyond",
        env={"PYTHONPATH": str(FOLDER), "LC_ALL": "C", **given, **variables},
        capture_output=True,
        timeout=DEADLINE,
    )


def test_by_cgi_the_same_program_answers_its_only_request(tmp_path):
    done = start_cgi(tmp_path, ECHO, b"\xff\0a", REQUEST_METHOD="POST")
    assert done.stdout == b"Content-Type: text/plain\r\n\r\n1 /x \xff\0a"
    assert (done.returncode, done.stderr) == (0, b"answered\n")


def test_by_cgi_a_program_that_goes_on_for_ever_ends_quietly(tmp_path):
    text = ECHO.replace("except lrwp.ConnectionClosed:", "finally:")
    done = start_cgi(tmp_path, text)
    assert done.stdout.endswith(b"1 /x ")
    assert (done.returncode, done.stderr) == (0, b"answered\n")


def test_by_cgi_a_body_without_a_length_is_empty(tmp_path):
    assert start_cgi(tmp_path, ECHO).stdout.endswith(b"1 /x ")


def test_by_cgi_a_short_body_is_an_error(tmp_path):
    done = start_cgi(tmp_path, ECHO, CONTENT_LENGTH="1000000")
    assert done.returncode == 1
    assert b"shorter than CONTENT_LENGTH" in done.stderr


def test_by_cgi_forms_are_read(tmp_path):
    done = start_cgi(tmp_path, FORM, FORM_BODY, **FORM_VARIABLES)
    assert done.stdout == b"Content-Type: text/plain\r\n\r\n" + FORM_PAGE


def test_by_cgi_bytes_come_as_they_are(tmp_path):
    text = ECHO.replace(
        "request.err.write", "[request.out.write(bytes([i])) for i in range(256)]; str"
    )
    assert start_cgi(tmp_path, text).stdout.endswith(b"1 /x " + bytes(range(256)))


def test_by_cgi_what_is_printed_keeps_its_place(tmp_path):
    text = ECHO.replace('request.out.write("%d', "print('printed'); request.out.write(\"%d")
    assert start_cgi(tmp_path, text).stdout.endswith(b"\r\n\r\nprinted\n1 /x ")


def test_requests_wait_for_a_connection(monkeypatch):
    import lrwp

    monkeypatch.delenv("GATEWAY_INTERFACE", raising=False)
    peer = lrwp.LRWP("calc", "127.0.0.1", 1)
    with pytest.raises(lrwp.ConnectError, match="connect"):
        peer.acceptRequest()
    with pytest.raises(lrwp.ConnectError, match="has a space"):
        lrwp.LRWP("a b", "127.0.0.1", 1).connect()
    peer.finish()
    peer.close()


UNCOUNTED = """
import sys
import lrwp
from taipan.lrwp import output

output.PART_LIMIT = 1000
peer = lrwp.LRWP("calc", "127.0.0.1", int(sys.argv[1]))
peer.connect()
request = peer.acceptRequest()
try:
    request.out.write("x" * 1001)
except output.OutputTooLarge:
    request.finish()
peer.acceptRequest().out.write("Status: 204 No Content\\r\\n\\r\\n")
peer.finish()
"""


def test_output_that_cannot_be_counted_is_a_500(run, agent):
    run(UNCOUNTED, agent.port)
    seat = agent.seat()
    assert seat.ask()[0].startswith("Status: 500 ")
    assert seat.ask() == ("Status: 204 No Content", b"")
