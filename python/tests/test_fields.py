"""Names and values of header fields, by the vectors shared with TypeScript."""

import json
from pathlib import Path

import pytest

from taipan import fields, frames
from taipan.asgi import head as asgi_head
from taipan.wsgi import head as wsgi_head

VECTORS = json.loads(
    (Path(__file__).parents[2] / "test" / "vectors" / "fields.json").read_text("utf-8")
)


def make_wsgi(pairs):
    return wsgi_head.make_head("200 OK", [(name, value) for name, value in pairs])


def make_asgi(pairs):
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
    return asgi_head.make_head(200, encoded)


both = pytest.mark.parametrize("make_head", [make_wsgi, make_asgi])


def bytes_of(ranges):
    return [byte for first, last in ranges for byte in range(first, last + 1)]


def bytes_that(is_right):
    return [byte for byte in range(256) if is_right(f"a{chr(byte)}b")]


def is_accepted(make_head, name, value):
    try:
        make_head([(name, value)])
    except ValueError:
        return False
    return True


@both
def test_characters_of_tokens(make_head):
    expected = bytes_of(VECTORS["token_ranges"])
    assert bytes_that(fields.is_token) == expected
    assert bytes_that(lambda name: is_accepted(make_head, name, "x")) == expected
    assert not fields.is_token("")
    assert not fields.is_token("\u0161")


@both
def test_characters_of_field_values(make_head):
    expected = bytes_of(VECTORS["value_ranges"])
    assert bytes_that(fields.is_field_value) == expected
    assert bytes_that(lambda value: is_accepted(make_head, "X-A", value)) == expected
    assert fields.is_field_value("")
    assert not fields.is_field_value("\u0161")


def test_all_fields_that_concern_the_connection():
    assert fields.HOP_BY_HOP == {name.lower() for name in VECTORS["hop_by_hop"]}


@both
@pytest.mark.parametrize("name", VECTORS["hop_by_hop"])
def test_fields_that_concern_the_connection(make_head, name):
    for spelled in (name, name.lower(), name.upper()):
        head = make_head([(spelled, "chunked"), ("X-A", "1")])
        assert head.fields == b"OK\r\nX-A: 1\r\n"


@both
@pytest.mark.parametrize("vector", VECTORS["heads"], ids=lambda vector: vector["name"])
def test_heads(make_head, vector):
    head = make_head(vector["pairs"])
    lines = "".join(f"{name}: {value}\r\n" for name, value in vector["kept"])
    assert head.fields.decode("latin-1") == "OK\r\n" + lines
    assert head.length == vector.get("length")
    if "dropped" in vector:
        assert head.dropped == tuple(vector["dropped"])
    flags = {
        frames.HEAD_LENGTH: "length" in vector,
        frames.HEAD_CLOSE: vector.get("close", False),
        frames.HEAD_DATE: vector.get("date", False),
        frames.HEAD_SERVER: vector.get("server", False),
    }
    assert head.flags == sum(flag for flag, is_set in flags.items() if is_set)


def test_named_fields_of_a_handshake_and_of_trailers():
    pairs = [(b"x-a", b"1"), (b"connection", b"x-a"), (b"x-b", b"2")]
    assert asgi_head.make_handshake(pairs) == b"x-b: 2\r\n"
    assert asgi_head.make_trailers(pairs) == b"x-b: 2\r\n"
