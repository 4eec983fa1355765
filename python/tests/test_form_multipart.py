"""The parser of multipart bodies: wherever they are cut, and what is malformed."""

import pytest

from support.forms import BOUNDARY, join_events, make_body, make_field, make_file, parse_pieces
from taipan.forms import FormError, FormLimits, MultipartParser

DISPOSITION = b'Content-Disposition: form-data; name="a"'
A = {"content-disposition": 'form-data; name="a"'}
#: Content that looks like a delimiter for a while.
TRICKY = (
    b"\r\n--" + BOUNDARY[:-1],
    b"\r\n--" + BOUNDARY + b"x",
    b"\r\n--" + BOUNDARY + b"-\r\n",
    b"\r\n--" + BOUNDARY + b" \tx\r\n",
    b"x--" + BOUNDARY + b"--",
    b"\r\n\r\n\r\r\n\n",
    b"\r\n--\r\n--",
)


def tell(pieces, **options):
    """The parts, or what is wrong with the body."""
    try:
        return parse_pieces(pieces, **options)
    except FormError as error:
        return str(error), error.status


def tell_cuts(body):
    """What is told of the body in two pieces, in all ways to cut it, and byte by byte."""
    for at in range(len(body) + 1):
        yield tell([body[:at], body[at:]])
    yield tell([body[at : at + 1] for at in range(len(body))])


BODIES = {
    "fields": make_body([make_field(b"a", b"1"), make_field(b"b", b"")]),
    "a file": make_body([make_file(b"f", b"x.bin", bytes(range(256)))]),
    "tricky content": make_body([make_field(b"a", content) for content in TRICKY]),
    "all of it at once": make_body([make_field(b"a", b"".join(TRICKY))]),
    "LF alone": make_body([make_field(b"a", b"1\n2"), make_field(b"b", b"")]).replace(
        b"\r\n", b"\n"
    ),
    "preamble and epilogue": b"not\r\na --%s part\r\n%s--%s\r\nno part"
    % (BOUNDARY, make_body([make_field(b"a", b"1")]), BOUNDARY),
    "no line break before the first": b"x" + make_body([make_field(b"a", b"1")]),
    "nothing": b"",
    "no part": make_body([]),
    "padding": b"--%s \t \r\n%s\r\n\r\n1\r\n--%s  \r\n%s\r\n\r\n2\r\n--%s--  "
    % (BOUNDARY, DISPOSITION, BOUNDARY, DISPOSITION, BOUNDARY),
    "content without its line break": b"--%s\r\n%s\r\n\r\n--%s--"
    % (BOUNDARY, DISPOSITION, BOUNDARY),
    "a part without header": b"--%s\r\n\r\n1\r\n--%s--" % (BOUNDARY, BOUNDARY),
    "folded header": b"--%s\r\n%s;\r\n\tfilename=x\r\n\r\n1\r\n--%s--"
    % (BOUNDARY, DISPOSITION, BOUNDARY),
    "last delimiter without dashes": b"--%s\r\n%s\r\n\r\n1\r\n--%s\r\n"
    % (BOUNDARY, DISPOSITION, BOUNDARY),
    "last delimiter without its line": b"--%s\r\n%s\r\n\r\n1\r\n--%s"
    % (BOUNDARY, DISPOSITION, BOUNDARY),
    "a header that is none": b"--%s\r\nno field\r\n\r\n--%s--" % (BOUNDARY, BOUNDARY),
    "ends within a part": make_body([make_field(b"a", b"1")])[: -len(BOUNDARY) - 6],
    "ends within a header": b"--%s\r\n%s" % (BOUNDARY, DISPOSITION),
    "other boundary": make_body([make_field(b"a", b"1")], b"other"),
}


@pytest.mark.parametrize("name", BODIES)
def test_cuts_make_no_difference(name):
    whole = tell([BODIES[name]])
    assert [told for told in tell_cuts(BODIES[name]) if told != whole] == []


def test_contents_are_kept_byte_by_byte():
    assert parse_pieces([BODIES["fields"]]) == [
        (A, b"1"),
        ({"content-disposition": 'form-data; name="b"'}, b""),
    ]
    assert parse_pieces([BODIES["a file"]])[0][1] == bytes(range(256))
    assert parse_pieces([BODIES["tricky content"]]) == [(A, content) for content in TRICKY]
    assert parse_pieces([BODIES["all of it at once"]]) == [(A, b"".join(TRICKY))]
    assert [content for _, content in parse_pieces([BODIES["LF alone"]])] == [b"1\n2", b""]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("preamble and epilogue", [(A, b"1")]),
        ("no line break before the first", []),
        ("nothing", []),
        ("no part", []),
        ("padding", [(A, b"1"), (A, b"2")]),
        ("content without its line break", [(A, b"")]),
        ("a part without header", [({}, b"1")]),
        (
            "folded header",
            [({"content-disposition": 'form-data; name="a"; filename=x'}, b"1")],
        ),
        ("last delimiter without dashes", [(A, b"1")]),
        ("last delimiter without its line", [(A, b"1")]),
    ],
)
def test_what_is_unusual_is_read(name, parts):
    assert parse_pieces([BODIES[name]]) == parts


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a header that is none", "is no field: b'no field'"),
        ("ends within a part", "ends within a part"),
        ("ends within a header", "ends within the header"),
        ("other boundary", "ends within a part, or has none"),
    ],
)
def test_what_is_malformed_is_refused(name, reason):
    with pytest.raises(FormError, match=reason) as caught:
        parse_pieces([BODIES[name]])
    assert caught.value.status == 400


@pytest.mark.parametrize(
    "line", [b"a\0b: 1", b"a: 1\0", b"a: 1\r2", b"a b: 1", b": 1", b" folded", b"\xe9: 1"]
)
def test_header_lines_that_are_refused(line):
    body = b"--%s\r\n%s\r\n\r\n1\r\n--%s--" % (BOUNDARY, line, BOUNDARY)
    with pytest.raises(FormError) as caught:
        parse_pieces([body])
    assert caught.value.status == 400


@pytest.mark.parametrize("boundary", [b"", b"a ", b"a\n", b"a\r\nb", b"\xe9", b"a\0", b"a" * 202])
def test_boundaries_that_are_refused(boundary):
    with pytest.raises(FormError, match="no valid boundary"):
        MultipartParser(boundary)


@pytest.mark.parametrize("boundary", [b"a", b"-", b"--", b"'()+_,-./:=? x", b"0" * 70, b"-" * 70])
def test_boundaries(boundary):
    body = make_body([make_field(b"a", b"1"), make_field(b"a", b"--")], boundary)
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        assert parse_pieces(pieces, boundary) == [(A, b"1"), (A, b"--")]


def test_events_can_be_printed():
    events = MultipartParser(BOUNDARY).feed(
        b"--%s\r\na: 1\r\n\r\n2\r\n--%s--" % (BOUNDARY, BOUNDARY)
    )
    assert repr(events) == "[PartBegin([(b'a', b'1')]), b'2', PART_END]"
    assert repr(events[0].decode()) == "PartHeaders([('a', '1')])"


def test_content_is_given_as_it_comes():
    parser = MultipartParser(BOUNDARY)
    piece = b"x" * 1000
    parser.feed(b"--%s\r\n%s\r\n\r\n" % (BOUNDARY, DISPOSITION))
    assert parser.feed(piece) == [piece]
    assert parser.feed(piece)[0] is piece


def test_changing_what_was_fed_changes_nothing():
    data = bytearray(b"--%s\r\n%s\r\n\r\nabc" % (BOUNDARY, DISPOSITION))
    parser = MultipartParser(BOUNDARY)
    events = parser.feed(data)
    data[:] = bytes(len(data))
    more = bytearray(b"def")
    events += parser.feed(more)
    more[:] = b"   "
    events += parser.feed(b"\r\n--%s--" % BOUNDARY)
    assert join_events(events) == [(A, b"abcdef")]


def test_header_fields_in_any_case():
    body = b"--%s\r\nX-a: 1\r\nx-A:2\r\n\r\n--%s--" % (BOUNDARY, BOUNDARY)
    headers = MultipartParser(BOUNDARY).feed(body)[0].decode()
    assert headers["X-A"] == headers["x-a"] == "1"
    assert "X-a" in headers and "x-b" not in headers and headers.get("x-b") is None
    assert headers.pairs == [("X-a", "1"), ("x-A", "2")]
    assert len(headers) == 1


def test_headers_that_are_not_utf_8():
    body = b'--%s\r\nContent-Disposition: form-data; name="\xe9"\r\n\r\n--%s--' % (
        BOUNDARY,
        BOUNDARY,
    )
    assert "\ufffd" in parse_pieces([body])[0][0]["content-disposition"]
    part = MultipartParser(BOUNDARY).feed(body)[0]
    assert part.decode("latin-1")["content-disposition"] == 'form-data; name="\u00e9"'
    with pytest.raises(FormError, match="is not utf-8") as caught:
        part.decode(errors="strict")
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (FormLimits(parts=2), "more than 2 parts"),
        (FormLimits(header=30), "longer than 30 bytes"),
        (FormLimits(size=100), "more than 100 bytes"),
    ],
)
def test_limits(limits, reason):
    body = make_body([make_field(b"a", b"1")] * 3)
    for pieces in ([body], [body[at : at + 1] for at in range(len(body))]):
        with pytest.raises(FormError, match=reason) as caught:
            parse_pieces(pieces, limits=limits)
        assert caught.value.status == 413
    assert len(parse_pieces([body], limits=FormLimits(parts=3, header=44, size=len(body)))) == 3


@pytest.mark.parametrize("line", [b"a: 1\r\n", b"a" * 50, b"a: 1\r\n b\r\n"])
def test_headers_without_end(line):
    parser = MultipartParser(BOUNDARY)
    parser.feed(b"--%s\r\n" % BOUNDARY)
    with pytest.raises(FormError, match="longer than 8192 bytes") as caught:
        for _ in range(8192):
            parser.feed(line)
    assert caught.value.status == 413


def count_searched(body, size):
    """How many bytes the parser compares with the delimiter."""
    searched = 0

    class Counted(bytes):
        def find(self, what, start=0):
            nonlocal searched
            found = super().find(what, start)
            searched += (len(self) if found < 0 else found) - start
            return found

    class Parser(MultipartParser):
        def _take_content(self, data, at, events):
            return super()._take_content(Counted(data), at, events)

    parser = Parser(BOUNDARY)
    for at in range(0, len(body), size):
        parser.feed(body[at : at + size])
    assert parser.finished
    return searched


@pytest.mark.parametrize("size", [1, 7, 100, 1000, 100_000])
@pytest.mark.parametrize(
    "unit",
    [b"x", b"\r", b"\n", b"\r\n", b"\r\n--" + BOUNDARY[:-1], b"\r\n--" + BOUNDARY + b" " * 150],
)
def test_bytes_are_not_searched_again_and_again(unit, size):
    content = unit * (20_000 // len(unit))
    searched = count_searched(make_body([make_field(b"a", content)]), size)
    assert len(content) // 2 < searched < 2 * len(content) + (len(content) // size) * 200
