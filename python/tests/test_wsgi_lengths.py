"""Bodies longer than announced: the rest is dropped, with a log record."""

from __future__ import annotations

import pytest

from taipan.events import Settings
from taipan.wsgi import call
from taipan.wsgi.file_wrapper import FileWrapper


class Recorder:
    """A transport and a reporter that record their calls."""

    def __init__(self):
        self.body = b""
        self.reports = []

    def send(self, status, flags, length, fields, body, free):
        self.body += body

    def begin(self, status, flags, length, fields, data, last):
        self.body += data

    def write(self, data, last, free=False):
        self.body += data

    def finish(self):
        pass

    def report(self, level, message, detail=""):
        self.reports.append((level, message))


class Listed(list):
    def close(self):
        pass


class Short(list):
    """Its len() is one less than the number of its blocks."""

    def __len__(self):
        return super().__len__() - 1


class Single:
    """Its len() is one, but it has several blocks."""

    def __init__(self, *blocks):
        self.blocks = blocks

    def __len__(self):
        return 1

    def __iter__(self):
        return iter(self.blocks)


def ask(result, length=None, method="GET"):
    def application(environ, start_response):
        headers = [("Content-Type", "text/plain")]
        if length is not None:
            headers.append(("Content-Length", str(length)))
        start_response("200 OK", headers)
        return result

    recorder = Recorder()
    call.run(application, {"REQUEST_METHOD": method}, b"", recorder, Settings(recorder, None))
    return recorder


RESULTS = [[b"abcd"], (b"abcd",), [b"ab", b"cd"], Listed([b"abcd"]), iter([b"ab", b"cd"])]


@pytest.mark.parametrize("result", RESULTS, ids=repr)
def test_what_is_beyond_content_length_is_left_out_and_told(result):
    recorder = ask(result, 3)
    assert recorder.body == b"abc"
    [(level, message)] = recorder.reports
    assert level == "error" and "3 bytes" in message


def test_a_long_list_that_is_sent_block_by_block_is_told():
    recorder = ask([b"a" * 70_000, b"b" * 70_000], 100_000)
    assert len(recorder.body) == 100_000
    assert len(recorder.reports) == 1


def test_more_blocks_than_a_length_of_one_promised_are_told():
    recorder = ask(Single(b"ab", b"", b"cd"))
    assert recorder.body == b"ab"
    [(level, message)] = recorder.reports
    assert level == "error" and "len() of 1" in message


def test_a_list_gives_all_its_blocks_whatever_it_says_of_its_length():
    recorder = ask(Short([b"ab", b"cd"]))
    assert (recorder.body, recorder.reports) == (b"abcd", [])


@pytest.mark.parametrize(
    ("result", "length", "method"),
    [
        ([b"abc"], 3, "GET"),
        (Single(b"abc"), None, "GET"),
        (Single(b"abc", b""), None, "GET"),
        (Single(b"", b"abc"), None, "GET"),
        ([b"abcd"], 3, "HEAD"),
        (Single(b"ab", b"cd"), None, "HEAD"),
    ],
    ids=repr,
)
def test_what_keeps_its_promise_or_is_not_sent_is_not_told(result, length, method):
    recorder = ask(result, length, method)
    assert recorder.body == (b"" if method == "HEAD" else b"abc")
    assert recorder.reports == []


def test_a_part_of_a_file_is_no_fault():
    blocks = iter([b"ab", b"cd", b""])

    class Source:
        def read(self, size):
            return next(blocks)

    recorder = ask(FileWrapper(Source()), 3)
    assert (recorder.body, recorder.reports) == (b"abc", [])
