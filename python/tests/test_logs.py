"""The output streams of applications."""

from __future__ import annotations

import builtins
import io
import sys
import threading
import traceback

import pytest

from taipan.logs import Logs, Requests


@pytest.fixture
def logs():
    records = []
    logs = Logs(records.append, Requests())
    logs.records = records
    logs.texts = lambda: [record["text"] for record in records]
    return logs


def test_lines_of_one_write_are_one_record(logs):
    logs.stdout.write("one\ntwo\n")
    print("a", "b", 3, file=logs.stdout)
    logs.stderr.writelines(["x\n", "y\n"])
    assert logs.texts() == ["one\ntwo", "a b 3", "x\ny"]
    assert [record["level"] for record in logs.records] == ["output"] * 3


def test_part_lines_wait_for_their_end_a_flush_or_the_request(logs):
    logs.stdout.write("half")
    assert logs.texts() == []
    logs.stdout.write(" line\nrest")
    assert logs.texts() == ["half line"]
    logs.stdout.flush()
    logs.errors.write("without end")
    logs.end_request()
    assert logs.texts() == ["half line", "rest", "without end"]
    logs.stdout.write("at exit")
    logs.flush()
    assert logs.texts()[-1] == "at exit"


def test_a_line_of_any_length_comes_whole_in_records_that_are_not_too_long(logs):
    line = "0123456789" * 1_000_000
    print(line, file=logs.stdout)
    assert len(logs.records) == 3 and "".join(logs.texts()) == line
    logs.report("error", line)
    assert len(logs.texts()[-1]) < 2_000_000


def test_threads_do_not_mix_their_lines(logs):
    logs.stdout.write("main ")
    thread = threading.Thread(target=logs.stdout.write, args=("thread\n",))
    thread.start()
    thread.join()
    logs.stdout.write("goes on\n")
    assert logs.texts() == ["thread", "main goes on"]


@pytest.mark.parametrize("chained", [True, False])
def test_a_printed_traceback_stays_whole(logs, chained):
    try:
        try:
            raise KeyError("inner")
        except KeyError as error:
            raise ValueError("outer") from (error if chained else None)
    except ValueError:
        traceback.print_exc(file=logs.stderr)
    assert logs.texts()[-1].startswith("Traceback (most recent call last):")
    assert logs.texts()[-1].endswith("ValueError: outer")
    assert len(logs.texts()) == (3 if chained else 1)
    assert {record["level"] for record in logs.records} == {"error"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="there are no groups of exceptions")
@pytest.mark.parametrize("turned", [True, False])
def test_a_printed_group_of_exceptions_stays_whole(logs, turned):
    make_group = builtins.ExceptionGroup
    members = [ValueError("one"), make_group("inner", [KeyError("two")])]
    try:
        raise make_group("outer", members[:: -1 if turned else 1])
    except Exception:
        traceback.print_exc(file=logs.stderr)
    print("next", file=logs.stderr)
    assert [record["level"] for record in logs.records] == ["error", "output"]
    assert "KeyError: 'two'" in logs.texts()[0]


def test_what_ends_with_a_traceback_is_an_error(logs):
    logs.errors.write("Internal Server Error: /\nTraceback (most recent call last):\n  x\nE: no\n")
    logs.errors.write("12:00 GET / => Traceback (most recent call last):\n  File x\nE: no\n")
    logs.errors.write(
        "12:00 x\n\u256d\u2500 Traceback (most recent call last) \u2500\u256e\nE: no\n"
    )
    logs.errors.write("he said: Traceback (most recent call last):\n")
    assert [record["level"] for record in logs.records] == ["error", "error", "error", "output"]


def test_any_text_and_bytes_are_taken(logs):
    logs.errors.write("euro \u20ac lone \udc80\n")
    logs.stdout.buffer.write(b"bytes \xff\n")
    logs.stdout.write("\n")
    assert logs.texts() == ["euro \u20ac lone \\udc80", "bytes \ufffd"]


def test_the_streams_behave_like_the_real_ones(logs):
    for stream, descriptor in ((logs.stdout, 1), (logs.stderr, 2)):
        assert isinstance(stream, io.TextIOWrapper)
        assert stream.fileno() == descriptor and not stream.isatty()
        assert stream.encoding == "utf-8" and stream.mode == "w" and stream.writable()
        stream.reconfigure(line_buffering=True, errors="replace")
        stream.write("reconfigured\n")
    assert logs.texts() == ["reconfigured", "reconfigured"]


def test_wsgi_errors_cannot_be_closed_for_the_others(logs):
    logs.errors.close()
    logs.errors.write("still open\n")
    assert logs.texts() == ["still open"]
    assert not isinstance(sys.stdout, type(logs.errors))


def test_a_line_without_end_is_bounded(logs):
    for _ in range(10):
        logs.stdout.write("x" * 20000)
    assert len(logs.records) >= 2


def test_reports_carry_their_traceback(logs):
    logs.report("error", "text", "trace")
    assert logs.records == [
        {
            "type": "log",
            "stream": "worker",
            "level": "error",
            "request": None,
            "text": "text",
            "traceback": "trace",
        }
    ]
