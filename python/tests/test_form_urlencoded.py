"""The parser of urlencoded forms, beside `parse_qsl` of the standard library."""

import random
from urllib.parse import parse_qsl, urlencode

import pytest

from taipan.forms import FormError, FormLimits, UrlencodedParser

FORMS = (
    b"",
    b"&",
    b"=",
    b"=&=",
    b"a",
    b"a=",
    b"=a",
    b"a=b&",
    b"a=b=c",
    b"a+b=c+d&e%20f=g%2Bh",
    b"a=1;b=2",
    b"a=%",
    b"a=%4",
    b"a=%zz%C3%A9",
    b"a=%ff",
    b"a=\xc3\xa9&b=\xff&c=\xc3",
    b"%C3%A9=%E2%82%AC&a=%E2%82",
    b"a=1&a=2&b=&c",
)


def make_parser(**options):
    parser = UrlencodedParser(options.pop("limits", None))
    for name, value in options.items():
        setattr(parser, name, value)
    return parser


def parse(pieces, **options):
    parser = make_parser(**options)
    return [pair for data in pieces for pair in parser.feed(data)] + parser.close()


@pytest.mark.parametrize("data", FORMS)
@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_it_reads_what_parse_qsl_reads(data, keep, encoding):
    text = data.decode(encoding, "replace")
    expected = parse_qsl(text, keep, encoding=encoding, errors="replace")
    options = {"keep_blank_values": keep, "encoding": encoding}
    assert parse([data], **options) == expected
    for at in range(len(data)):
        assert parse([data[:at], data[at:]], **options) == expected
    assert parse([data[at : at + 1] for at in range(len(data))], **options) == expected


def test_random_forms():
    rng = random.Random(20)
    for _ in range(2000):
        data = bytes(rng.choices(b"ab=&;%2C3+\xc3\xa9", k=rng.randrange(40)))
        text = data.decode("utf-8", "replace")
        pieces = [data[at : at + 7] for at in range(0, len(data), 7)]
        for separator in ("&", ";", "ab"):
            expected = parse_qsl(text, True, separator=separator)
            found = parse(pieces, keep_blank_values=True, separator=separator)
            assert found == expected, data


@pytest.mark.parametrize(
    ("data", "reason"),
    [(b"&", "''"), (b"a=1&", "''"), (b"=&a", "'a'"), (b"b+&=1", "'b+'".replace("+", r"\+"))],
)
def test_strict(data, reason):
    with pytest.raises(FormError, match=f"bad query field: {reason}") as caught:
        parse([data], strict_parsing=True)
    assert caught.value.status == 400
    assert parse([b""], strict_parsing=True) == []
    assert parse([b"a=1&=2"], strict_parsing=True) == [("a", "1"), ("", "2")]


def test_a_field_can_name_the_charset():
    assert parse([b"_charset_=windows-1252&a=%80"]) == [
        ("_charset_", "windows-1252"),
        ("a", "\u20ac"),
    ]
    assert parse([b"_charset_=punycode&a=%C3%A9"])[1] == ("a", "\u00e9")


def test_strict_decoding():
    with pytest.raises(FormError, match="is not utf-8") as caught:
        parse([b"a=%ff"], errors="strict")
    assert caught.value.status == 400


@pytest.mark.parametrize("separator", ["", None])
def test_separators_that_are_none(separator):
    with pytest.raises(ValueError, match="Separator"):
        parse([b"a=1"], separator=separator)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (FormLimits(fields=99), "more than 99 fields"),
        (FormLimits(size=100), "more than 100 bytes"),
        (FormLimits(memory=100), "more than 100 bytes that are no files"),
    ],
)
@pytest.mark.parametrize("size", [1, 10, 1000])
def test_limits(limits, reason, size):
    data = urlencode([("a", "1")] * 100).encode()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    with pytest.raises(FormError, match=reason) as caught:
        parse(pieces, limits=limits)
    assert caught.value.status == 413
    enough = FormLimits(fields=100, size=len(data), memory=len(data))
    assert len(parse(pieces, limits=enough)) == 100


def test_a_long_field_in_many_pieces():
    value = b"x" * 300_000
    assert parse([b"a=", *(value[at : at + 1] for at in range(len(value))), b"&b=1"]) == [
        ("a", value.decode()),
        ("b", "1"),
    ]
