"""Parameters of header fields, and the names in Content-Disposition."""

import pytest

from taipan.forms import parse_header
from taipan.forms.headers import parse_disposition


@pytest.mark.parametrize(
    ("line", "value", "options"),
    [
        ("", "", {}),
        ("text/plain", "text/plain", {}),
        ("text/vnd.just.made.this.up ; ", "text/vnd.just.made.this.up", {}),
        ("text/plain;charset=us-ascii", "text/plain", {"charset": "us-ascii"}),
        (
            'text/plain ; charset="us-ascii"; another=opt',
            "text/plain",
            {"charset": "us-ascii", "another": "opt"},
        ),
        ('a; filename="strange;name";size=123;', "a", {"filename": "strange;name", "size": "123"}),
        ('a; filename="fo\\"o;bar"', "a", {"filename": 'fo"o;bar'}),
        ('a; b="c\\\\d"', "a", {"b": "c\\d"}),
        ('a; b="c; d=e', "a", {"b": '"c; d=e'}),
        ("a; B = c ; b", "a", {"b": "c"}),
        ('a; b=c"d;e"; f=g', "a", {"b": 'c"d;e"', "f": "g"}),
        ("a; b=c\\;d", "a", {"b": "c\\"}),
    ],
)
def test_parameters(line, value, options):
    assert parse_header(line) == (value, options)


@pytest.mark.parametrize(
    ("parameters", "filename"),
    [
        ('filename="a.txt"', "a.txt"),
        ("filename=a.txt", "a.txt"),
        ('filename=""', ""),
        ('filename="a%22b.txt"', 'a"b.txt'),
        ('filename="a\\"b.txt"', 'a"b.txt'),
        ('filename="100%25%0d%0a.txt"', "100%25%0d%0a.txt"),
        ('filename="C:\\docs\\new.txt"', "new.txt"),
        ('filename="\\\\server\\share\\a.txt"', "a.txt"),
        ('filename="a\\b.txt"', "a\\b.txt"),
        ('filename="../../etc/passwd"', "../../etc/passwd"),
        ("filename=\"a.txt\"; filename*=UTF-8''%E2%82%AC.txt", "\u20ac.txt"),
        ("filename*=iso-8859-1'en'%A3.txt; filename=a.txt", "\u00a3.txt"),
        ("filename*=utf-8''C%3A%5Ca.txt", "a.txt"),
        # What is no valid extended value leaves the other one.
        ("filename=a.txt; filename*=utf-8''%FF.txt", "a.txt"),
        ("filename=a.txt; filename*=utf-8''a%0D%0Ab.txt", "a.txt"),
        ("filename=a.txt; filename*=rot13''nopq", "a.txt"),
        ("filename=a.txt; filename*=nothing", "a.txt"),
        ("filename=a.txt; filename*=''b", "a.txt"),
        ("filename*=", None),
    ],
)
def test_names_of_files(parameters, filename):
    disposition, options = parse_disposition(f'form-data; name="f"; {parameters}')
    assert (disposition, options["name"]) == ("form-data", "f")
    assert options.get("filename") == filename


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('form-data; name="a"', "a"),
        ('Form-Data; Name="a"', "a"),
        ("form-data; name=a", "a"),
        ('form-data; name="a%22b"', 'a"b'),
        ('form-data; name=""', ""),
        ('form-data; name="a;b"; x=y', "a;b"),
        ("form-data", None),
        ("", None),
    ],
)
def test_names_of_fields(line, name):
    assert parse_disposition(line)[1].get("name") == name


def test_hostile_parameters_take_time_by_their_length():
    """A string that does not end, with semicolons: `cgi` counted its quotes at each of them."""
    line = 'a; b="' + ";" * 2_000_000
    assert parse_header(line)[1] == {"b": line[5:]}
