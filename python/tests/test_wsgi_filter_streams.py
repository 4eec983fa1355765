"""The body and the file of a FastCGI filter."""

import io

import pytest

from taipan.wsgi.filter_streams import MEMORY, divide, is_filter


def streams(body, data, **variables):
    environ = {"FCGI_ROLE": "FILTER", "CONTENT_LENGTH": str(len(body)), **variables}
    divide(environ, io.BytesIO(body + data))
    return environ["wsgi.input"], environ["fcgi.data"]


def test_only_a_filter_is_one():
    assert is_filter({"FCGI_ROLE": "FILTER"})
    assert not is_filter({"FCGI_ROLE": "RESPONDER"})
    assert not is_filter({})


def test_each_stream_ends_at_its_end():
    body, data = streams(b"a=1\nb=2", b"line 1\nline 2")
    assert body.readline() == b"a=1\n"
    assert body.read() == b"b=2"
    assert body.read() == b""
    assert data.readlines() == [b"line 1\n", b"line 2"]
    assert data.read() == b""


@pytest.mark.parametrize("size", [0, 1, 3 * MEMORY])
def test_the_file_may_be_read_first(size):
    sent = bytes(range(256)) * (size // 256 + 1)
    body, data = streams(sent[:size], b"file")
    assert data.read() == b"file"
    assert body.read() == sent[:size]


def test_the_file_may_be_read_in_between():
    body, data = streams(b"x" * 100_000, b"file")
    assert body.read(10) == b"x" * 10
    assert data.read(2) == b"fi"
    assert body.read() == b"x" * 99_990
    assert data.read() == b"le"


def test_a_closed_body_leaves_the_file():
    body, data = streams(b"body", b"file")
    body.close()
    assert data.read() == b"file"


@pytest.mark.parametrize("length", ["", "0"])
def test_there_may_be_no_body(length):
    body, data = streams(b"", b"file", CONTENT_LENGTH=length)
    assert body.read() == b""
    assert data.read() == b"file"
