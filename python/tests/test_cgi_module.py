"""What scripts import as `cgi` where Python has none."""

import io
import sys

import pytest

from support.forms import BOUNDARY, make_body, make_environ, make_field, make_file, multipart_type
from taipan.forms import FieldStorage, FormError, cgi_module

URLENCODED = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _limits(monkeypatch):
    monkeypatch.setattr(FieldStorage, "limits", FieldStorage.limits)


def test_names():
    assert all(hasattr(cgi_module, name) for name in cgi_module.__all__)
    assert cgi_module.FieldStorage is FieldStorage


def test_maxlen():
    assert cgi_module.maxlen == 0
    cgi_module.maxlen = 5
    body = b"a=1&b=2"
    with pytest.raises(FormError, match="more than 5 bytes") as caught:
        cgi_module.parse(io.BytesIO(body), make_environ(body, URLENCODED))
    assert caught.value.status == 413
    cgi_module.maxlen = 0
    assert len(cgi_module.parse(io.BytesIO(body), make_environ(body, URLENCODED))) == 2


def test_parse():
    body = b"a=1&b=%E9"
    environ = make_environ(body, URLENCODED, QUERY_STRING="a=2&c=")
    expected = {"a": ["1", "2"], "b": ["\u00e9"]}
    assert cgi_module.parse(io.BytesIO(body), environ) == expected
    kept = cgi_module.parse(io.BytesIO(body), environ, keep_blank_values=1)
    assert kept == {**expected, "c": [""]}
    assert cgi_module.parse(io.BytesIO(body), {**environ, "CONTENT_TYPE": "text/plain"}) == {
        "a": ["2"]
    }
    assert cgi_module.parse(io.BytesIO(body), {**environ, "REQUEST_METHOD": "PUT"}) == {"a": ["2"]}
    with pytest.raises(ValueError, match="bad query field"):
        cgi_module.parse(None, {"QUERY_STRING": "a"}, strict_parsing=1)


def test_parse_multipart():
    body = make_body(
        [
            make_field(b"a", b"1"),
            make_file(b"f", b"f", b"\xff"),
            make_field(b"a", "\u00e9".encode()),
        ]
    )
    expected = {"a": ["1", "\u00e9"], "f": [b"\xff"]}
    environ = make_environ(body, multipart_type(), QUERY_STRING="a=2")
    assert cgi_module.parse(io.BytesIO(body), environ) == expected
    for boundary in (BOUNDARY, BOUNDARY.decode()):
        pdict = {"boundary": boundary, "CONTENT-LENGTH": len(body)}
        assert cgi_module.parse_multipart(io.BytesIO(body), pdict) == expected
    assert cgi_module.parse_multipart(io.BytesIO(body), {"boundary": BOUNDARY}) == expected


def test_escape():
    assert cgi_module.escape("<a href='\"'>&") == "&lt;a href='\"'&gt;&amp;"
    assert cgi_module.escape('"', True) == cgi_module.escape('"', quote=1) == "&quot;"


def test_the_test_page(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["<x>.py"])
    monkeypatch.setenv("QUERY_STRING", "a=<b>")
    monkeypatch.setenv("REQUEST_METHOD", "GET")
    cgi_module.test()
    page = capsys.readouterr().out
    assert page.startswith("Content-type: text/html\n\n")
    assert "<DT> a <DD> MiniFieldStorage(&#x27;a&#x27;, &#x27;&lt;b&gt;&#x27;)" in page
    assert "<DT> REQUEST_METHOD <DD> GET" in page
    assert "&lt;x&gt;.py" in page and "<LI>SCRIPT_NAME" in page


def test_the_test_page_of_a_form_that_is_malformed(monkeypatch, capsys):
    monkeypatch.setenv("REQUEST_METHOD", "POST")
    monkeypatch.setenv("CONTENT_TYPE", "multipart/form-data; boundary=")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    cgi_module.test()
    assert "<B>taipan.forms.errors.FormError: no valid boundary" in capsys.readouterr().out


def test_print_exception(capsys):
    try:
        raise ValueError("<b>")
    except ValueError:
        cgi_module.print_exception()
    page = capsys.readouterr().out
    assert "Traceback (most recent call last)" in page
    assert "test_cgi_module.py" in page and "<B>ValueError: &lt;b&gt;\n</B>" in page
