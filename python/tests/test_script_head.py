"""The head of what a script prints."""

import pytest

from taipan.scripts.request.errors import OutputError
from taipan.scripts.request.head import HEAD_LIMIT, parse_head

HTML = ("Content-Type", "text/html; charset=utf-8")

HEADS = [
    (b"Content-Type: a/b\n\nbody", "200 OK", [("Content-Type", "a/b")], b"body"),
    (b"Content-Type:a/b\r\n\r\nbody", "200 OK", [("Content-Type", "a/b")], b"body"),
    (b"Status: 404 Gone away\nX: 1\nX: 2\n\n", "404 Gone away", [("X", "1"), ("X", "2")], b""),
    (b"status: 404\nX:\n\n\nb", "404 Not Found", [("X", "")], b"\nb"),
    (b"Status: 299\n\n", "299 Status", [], b""),
    (b"Location: /a\n\n", "302 Found", [("Location", "/a")], b""),
    (b"Location: /a\nStatus: 301 Moved\n\n", "301 Moved", [("Location", "/a")], b""),
    # As in Apache's mod_cgi.
    (
        b"Content-Type: a/b\nX: 1\nETag: 1\ncontent-type: c/d\nX: 1\netag: 2\n\n",
        "200 OK",
        [("X", "1"), ("content-type", "c/d"), ("X", "1"), ("etag", "2")],
        b"",
    ),
    (b"Location: /a\nLocation: /b\n\n", "302 Found", [("Location", "/b")], b""),
    (b"A: 1\n 2\n\t3\nB: 4\n\n", "200 OK", [("A", "1 2 3"), ("B", "4")], b""),
    (b"\nbody", "200 OK", [HTML], b"body"),
    (b"\r\nbody", "200 OK", [HTML], b"body"),
    # Without a blank line a head needs a field that only a head has.
    (b"Location: /a\n", "302 Found", [("Location", "/a")], b""),
    (b"Content-Type: text/plain", "200 OK", [("Content-Type", "text/plain")], b""),
    (b"hello: world", "200 OK", [HTML], b"hello: world"),
    # Text without a head.
    (b"hello\n", "200 OK", [HTML], b"hello\n"),
    (b"<p>a: b</p>\n\nmore", "200 OK", [HTML], b"<p>a: b</p>\n\nmore"),
    (b"a b: c\n\n", "200 OK", [HTML], b"a b: c\n\n"),
    (b"\xff\x00binary: x\n\n", "200 OK", [HTML], b"\xff\x00binary: x\n\n"),
]


@pytest.mark.parametrize(("output", "status", "fields", "body"), HEADS)
def test_a_head_is_parsed(output, status, fields, body):
    head = parse_head(output, whole=True)
    assert (head.status, head.fields, output[head.body_at :]) == (status, fields, body)


@pytest.mark.parametrize(("output", "status", "fields", "body"), HEADS)
def test_a_head_is_the_same_however_much_of_the_output_is_there(output, status, fields, body):
    for size in range(len(output)):
        head = parse_head(output[:size], whole=False)
        if head is not None:
            assert (head.status, head.fields) == (status, fields)


@pytest.mark.parametrize(
    "output",
    [
        b"A: 1\nno field\n\n",
        b"A: 1\nB C: 2\n\n",
        b"Status: abc\n\n",
        b"Status: 199 x\n\n",
        b"Status: 600\n\n",
        b"Status:\n\n",
        b"X: " + b"a" * HEAD_LIMIT * 2,
    ],
)
def test_a_malformed_head_is_an_error(output):
    with pytest.raises(OutputError):
        parse_head(output, whole=True)


def test_a_line_may_still_become_a_field():
    assert parse_head(b"Content-Ty", whole=False) is None
    assert parse_head(b"Content Ty", whole=False).bare
    assert parse_head(b"", whole=False) is None
