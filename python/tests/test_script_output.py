"""Output of scripts on its way to the response."""

import threading
from array import array

import pytest

from taipan.scripts.request import spool
from taipan.scripts.request.current import ScriptRequest
from taipan.scripts.request.head import parse_head
from taipan.scripts.request.output import ONE_PIECE, ScriptOutput
from taipan.scripts.request.spool import Spool
from taipan.scripts.request.text_output import TextOutput


def make_output():
    """An output, and the blocks that have left it."""
    left = []
    return ScriptOutput(lambda *_: left.append), left


def make_request(output):
    """The request that an output is of."""
    return ScriptRequest("x.py", {}, output, settings=None)


def test_short_texts_are_gathered():
    output, _ = make_output()
    text = TextOutput(output)
    for number in range(1000):
        text.write(f"{number} ")
        assert text.pending < 1000
    text.pass_on()
    text.drop()
    assert b"".join(output.finish()) == "".join(f"{number} " for number in range(1000)).encode()


def test_appended_texts_and_written_ones_keep_their_order():
    output, _ = make_output()
    text = TextOutput(output)
    for number in range(300):
        text.append(f"a{number} ")
        text.make_room()
        text.write("b")
        text.buffer.write(b"c")
    text.pass_on()
    expected = "".join(f"a{number} bc" for number in range(300))
    assert b"".join(output.finish()) == expected.encode()


@pytest.mark.parametrize("data", [5, [1, 2], "text", None])
def test_only_bytes_are_written_as_such(data):
    output, _ = make_output()
    buffer = TextOutput(output).buffer
    with pytest.raises(TypeError, match="a bytes-like object is required"):
        buffer.write(data)
    for block in (b"a", bytearray(b"b"), memoryview(b"c_d")[::2], array("H", [0x6565])):
        buffer.write(block)
    assert b"".join(output.finish()) == b"abcdee"


def test_much_text_leaves():
    output, left = make_output()
    text = TextOutput(output)
    text.write("<p>\n")
    for _ in range(2000):
        text.append("x" * 100)
        text.make_room()
    assert sum(map(len, left)) > 100_000


def test_threads_write_each_text_once():
    output, left = make_output()
    text = TextOutput(output)

    def write(name):
        for number in range(5000):
            text.write(f"{name}{number}\n")

    threads = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    text.pass_on()
    lines = b"".join([*left, *output.finish()]).decode().splitlines()
    for name in "abcd":
        own = [line for line in lines if line.startswith(name)]
        assert own == [f"{name}{number}" for number in range(5000)]


@pytest.mark.parametrize(
    ("end", "body"),
    [
        (b"\n\n", b"\n\nbody"),
        (b"\n\n", b"body"),
        (b"\r\n\r\n", b"\n\nbody"),
        (b"\n\r\n", b"body\n\n"),
        (b"\r\n\n", b"body\n\n"),
    ],
)
def test_repeated_heads(end, body):
    for _ in range(2):
        head = parse_head(b"Content-Type: text/x-repeated" + end + body, whole=True)
        assert head is not None
        assert head.fields == [("Content-Type", "text/x-repeated")]
        assert head.body_at == 29 + len(end)


def test_what_cannot_wait_for_its_client_follows_at_the_end(monkeypatch):
    monkeypatch.setattr(spool, "_IN_MEMORY", 1000)
    output, left = make_output()
    output.spools = True
    output.add(b"Content-Type: text/plain\n\n" + b"a" * ONE_PIECE + b"b")
    for _ in range(3):
        output.add(b"c" * ONE_PIECE)
    assert left == [b"a" * ONE_PIECE]
    rest = output.finish()
    assert b"".join(rest) == b"b" + b"c" * 3 * ONE_PIECE
    rest.close()


def test_what_cannot_wait_for_its_client_has_a_limit(monkeypatch):
    monkeypatch.setattr(spool, "_LIMIT", 10)
    kept = Spool()
    kept.write(b"x" * 10)
    with pytest.raises(RuntimeError, match="more than 10 bytes"):
        kept.write(b"x")
    Spool().close()


def test_printed_text_follows_what_takes_the_place_of_the_stream():
    output, _ = make_output()
    request = make_request(output)
    text = request.text
    other = []
    request.write_printed("a")
    text.divert(other.append)
    request.write_printed("b")
    text.write("c")
    text.divert(None)
    request.write_printed("d")
    text.close()
    with pytest.raises(ValueError, match="closed"):
        request.write_printed("e")
    text.divert(other.append)
    request.write_printed("f")
    text.divert(None)
    with pytest.raises(ValueError, match="closed"):
        request.write_printed("g")
    assert b"".join(output.finish(text.take())) == b"acd"
    assert other == ["b", "f"]


def test_printed_text_is_passed_on_when_it_is_much():
    output, left = make_output()
    request = make_request(output)
    text = request.text
    request.write_printed("<p>\n")
    for _ in range(1000):
        request.write_printed("x" * 100)
        assert text.pending < 20_000
    request.write_printed("y" * 100_000)
    assert text.pending == 0
    assert sum(map(len, left)) > 150_000


def test_text_is_passed_on_at_once_where_that_is_wanted():
    output, _ = make_output()
    request = make_request(output)
    text = request.text
    text.most_texts = 0
    request.write_printed("a")
    text.write("b")
    assert text.pending == 0
    assert output.pending == 2


def test_appended_texts_are_passed_on_when_they_are_many():
    output, _ = make_output()
    text = TextOutput(output)
    append = text.append
    for _ in range(2000):
        append("x")
        text.make_room()
    assert text.pending < 2000
    assert text.pending + output.pending == 2000
