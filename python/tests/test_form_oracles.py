"""What others make of the same forms: `multipart`, Werkzeug, and `cgi` where Python has it."""

import random
import re
import sys
import warnings
from io import BytesIO

import multipart
import pytest
from werkzeug.formparser import FormDataParser

from support.forms import (
    BOUNDARY,
    make_body,
    make_environ,
    make_field,
    make_file,
    multipart_type,
    parse_pieces,
)
from taipan.forms import FieldStorage, FormError, parse_header

if sys.version_info < (3, 13):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import cgi
else:
    cgi = None

needs_cgi = pytest.mark.skipif(cgi is None, reason="Python 3.13 has no cgi")

#: What delimiters and headers consist of.
UNITS = (
    *(b"\r\n", b"\r", b"\n", b"--", b"-", b" ", b"x", b"\0", b"\xc3\xa9", b"\xff"),
    *(b"\r\n--" + BOUNDARY[:-1], b"--" + BOUNDARY[:9], BOUNDARY[2:]),
    *(b"a" * 1000, b"\r\n" * 500),
)
#: `multipart` takes LF alone for no end of a line, and NUL and CR into names.
LF_ALONE = re.compile(rb"(?<!\r)\n--" + BOUNDARY)
ODD_HEADER = re.compile(rb"\nContent-[^\n]*(?:[\0\r][^\n]|[^\r]\n)")
NAMES = ("a", "b", "long name", "\u00e9", "a;b", "a=b", "50%", "a'b")
FILENAMES = ("a.txt", "\u20ac.bin", "a;b", "C", "..", "")


def make_parts(rng):
    for _ in range(rng.randrange(6)):
        content = b"x" + b"".join(rng.choices(UNITS, k=rng.randrange(8)))
        name = rng.choice(NAMES).encode()
        if rng.random() < 0.5:
            yield make_field(name, content)
        else:
            yield make_file(name, rng.choice(FILENAMES).encode(), content)


def read_by_taipan(body):
    environ = make_environ(body, multipart_type())
    with FieldStorage(BytesIO(body), environ=environ) as form:
        return tell_storage(form)


def read_by_cgi(body):
    environ = make_environ(body, multipart_type())
    return tell_storage(cgi.FieldStorage(BytesIO(body), environ=environ))


def tell_storage(form):
    fields = [(one.name, one.value) for one in form.list if one.filename is None]
    files = [(one.name, one.filename, one.value) for one in form.list if one.filename is not None]
    return fields, files


def read_by_multipart(body):
    parts = multipart.MultipartParser(BytesIO(body), BOUNDARY.decode(), len(body)).parts()
    fields = [
        (one.name, one.raw.decode("utf-8", "replace")) for one in parts if one.filename is None
    ]
    files = [(one.name, one.filename, one.raw) for one in parts if one.filename is not None]
    for part in parts:
        part.close()
    return fields, files


def read_by_werkzeug(body):
    environ = {**make_environ(body, multipart_type()), "wsgi.input": BytesIO(body)}
    _, fields, files = FormDataParser(silent=False, cls=list).parse_from_environ(environ)
    found = [(name, one.filename, one.read()) for name, one in files]
    for _, file in files:
        file.close()
    return fields, found


READERS = {
    "multipart": read_by_multipart,
    "werkzeug": read_by_werkzeug,
    **({} if cgi is None else {"cgi": read_by_cgi}),
}


@pytest.mark.parametrize("reader", READERS)
def test_forms_that_are_well_formed(reader):
    rng = random.Random(7578)
    for number in range(300):
        body = make_body(make_parts(rng))
        assert read_by_taipan(body) == READERS[reader](body), number


def mutate(rng, body):
    """The body with some bytes cut out, put in, or repeated."""
    for _ in range(rng.randrange(1, 4)):
        start = rng.randrange(len(body))
        end = start + rng.randrange(4)
        body = body[:start] + rng.choice((b"", *UNITS[:13], body[start:end] * 2)) + body[end:]
    return body


def split_by_taipan(body):
    try:
        return [content for _, content in parse_pieces([body])]
    except FormError:
        return None


def split_by_multipart(body):
    try:
        parts = multipart.MultipartParser(BytesIO(body), BOUNDARY.decode(), len(body)).parts()
    except multipart.MultipartError:
        return None
    return [part.raw for part in parts]


def test_what_multipart_accepts_is_cut_as_it_does():
    rng = random.Random(2046)
    same = refused = stricter = 0
    for number in range(4000):
        body = mutate(rng, make_body(make_parts(rng)))
        ours, theirs = split_by_taipan(body), split_by_multipart(body)
        refused += ours is None
        if theirs is None or LF_ALONE.search(body) or ODD_HEADER.search(body):
            continue
        stricter += ours is None
        if ours is not None:
            same += 1
            assert ours == theirs, number
    # A continuation line that ends in two CR, and a space before a colon.
    assert stricter == 2
    assert same > 2000 and refused > 1000


@needs_cgi
@pytest.mark.parametrize("line_break", [b"\r\n", b"\n"])
def test_what_is_cut_out_makes_no_difference_to_cgi(line_break):
    rng = random.Random(1867)
    for number in range(300):
        body = make_body(make_parts(rng)).replace(b"\r\n", line_break)
        assert read_by_taipan(body) == read_by_cgi(body), number


@needs_cgi
def test_header_fields_are_parsed_as_by_cgi():
    rng = random.Random(2183)
    for _ in range(20_000):
        line = "".join(rng.choices("ab;=\"\\ \t\n'*%A", k=rng.randrange(16)))
        assert parse_header(line) == cgi.parse_header(line), line
