"""`util` of mod_python: forms and queries, as a live mod_python answers where it works."""

import io

import pytest

from support.handler_site import Site
from taipan.scripts.mod_python import apache, util

HEAD = "from mod_python import apache, util\ndef handler(req):\n"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def run(site, code, target="/x", **more):
    """The answer of a handler with this body."""
    lines = "".join(f"  {line}\n" for line in code.split("\n"))
    site.write("t.py", f"{HEAD}{lines}  return apache.OK\n")
    return site.get(target, **more)


def show(site, value, target="/x", **more):
    """What an expression of the form `f` is."""
    answer = run(site, f"f = util.FieldStorage(req)\nreq.write(repr(({value})), 0)", target, **more)
    assert answer.status == "200 OK", answer
    return answer.body


def part(disposition, content, *fields):
    lines = [f"Content-Disposition: form-data; {disposition}", *fields, "", content]
    return "--x\r\n" + "\r\n".join(lines) + "\r\n"


def test_fields_of_the_query_come_before_those_of_the_body(site):
    assert show(site, "f.items()", "/x?abc=1&d=2", body=b"abc=3&e=%C3%A9+x") == str(
        [("abc", "1"), ("d", "2"), ("abc", "3"), ("e", "é x")]
    )
    assert show(site, "f.items()", "/x?abc=1", body=b"abc=2", REQUEST_METHOD="PUT") == str(
        [("abc", "1")]
    )


def test_values_are_text_with_the_attributes_of_fields(site):
    values = (
        "f['abc'], f['abc'].value, f['abc'].name, f['abc'].filename, f['abc'].type,"
        " f['abc'].type_options, f['abc'].headers, f['abc'].file.read(), isinstance(f['abc'], str)"
    )
    assert show(site, values, "/x?abc=1") == str(
        ("1", "1", "abc", None, "text/plain", {}, {}, b"1", True)
    )


def test_blank_values_are_kept_only_when_asked(site):
    query = "/x?abc=&d&e=1&=v&&"
    assert show(site, "f.items()", query) == "[('e', '1'), ('', 'v')]"
    code = "req.write(repr(util.FieldStorage(req, keep_blank_values=1).items()))"
    assert run(site, code, query).body == str([("abc", ""), ("d", ""), ("e", "1"), ("", "v")])
    body = (part('name="m"', "") + "--x--\r\n").encode()
    assert show(site, "f.items()", body=body, CONTENT_TYPE=MULTIPART) == "[('m', '')]"


def test_semicolons_are_separators_and_bad_escapes_stay(site):
    assert show(site, "f.items()", "/x?a=1;b=%zz%4") == "[('a', '1'), ('b', '%zz%4')]"


def test_a_form_is_read_once(site):
    code = "one, two = util.FieldStorage(req), util.FieldStorage(req)\n"
    code += "req.write(repr((one.items(), two.items())))"
    form = [("q", "1"), ("abc", "2")]
    assert run(site, code, "/x?q=1", body=b"abc=2").body == str((form, form[:1]))
    body = (part('name="abc"', "2") + "--x--\r\n").encode()
    answer = run(site, code, "/x?q=1", body=body, CONTENT_TYPE=MULTIPART)
    assert answer.body == str((form, form[:1]))


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("text/plain", "501 Not Implemented"),
        ("application/json", "501 Not Implemented"),
        ("multipart/form-data", "400 Bad Request"),
        ("multipart/form-data; boundary=", "400 Bad Request"),
        (MULTIPART, "400 Bad Request"),
    ],
)
def test_bodies_that_are_no_forms(site, kind, status):
    code = "util.FieldStorage(req)"
    answer = run(site, code, body=b"--x\r\nno field\r\n\r\n", CONTENT_TYPE=kind)
    assert answer.status == status


def test_forms_that_are_too_large(site):
    answer = run(site, "util.FieldStorage(req)", body=b"a&" * 2000)
    assert answer.status == "413 Request Entity Too Large"
    assert any("more than 1000 fields" in record for record in answer.log)


def test_uploads(site):
    body = part('name="f"; filename="a.bin"', "b\r\nytes", "Content-Type: a/b; c=d")
    body += part('name="f"; filename=""', "", "Content-Type: rubbish")
    body += part('name="latin"', "\xe9", "Content-Type: text/plain; charset=latin-1")
    values = (
        "[(one.__class__.__name__, one.name, one.filename, one.value, one.file.read(), one.type,"
        " one.type_options, one.disposition, one.headers.keys()) for one in f.list]"
    )
    body = (body + "--x--\r\n").encode("latin-1")
    both = ["Content-Disposition", "Content-Type"]
    assert show(site, values, body=body, CONTENT_TYPE=MULTIPART) == str(
        [
            (
                *("Field", "f", "a.bin", b"b\r\nytes", b"b\r\nytes", "a/b"),
                *({"c": "d"}, "form-data", both),
            ),
            (
                *("StringField", "f", None, "", b"", "application/octet-stream"),
                *({}, "form-data", both),
            ),
            (
                *("StringField", "latin", None, "é", b"\xc3\xa9", "text/plain"),
                *({"charset": "latin-1"}, "form-data", both),
            ),
        ]
    )


def test_long_uploads_are_files(site):
    body = part('name="f"; filename="a"', "b" * 200_000) + part('name="t"', "t" * 200_000)
    values = "[(type(one.file).__name__, one.value[:1], len(one.value)) for one in f.list]"
    answer = show(site, values, body=(body + "--x--\r\n").encode(), CONTENT_TYPE=MULTIPART)
    assert answer == str([("BufferedRandom", b"b", 200_000), ("BytesIO", "t", 200_000)])


def test_text_has_to_fit_into_memory(site):
    body = (part('name="t"', "t" * (9 << 20)) + "--x--\r\n").encode()
    answer = run(site, "util.FieldStorage(req)", body=body, CONTENT_TYPE=MULTIPART)
    assert answer.status == "413 Request Entity Too Large"


def test_callbacks_give_the_files(site):
    code = (
        "import io\nclass Kept(io.BytesIO): pass\nnames = []\n"
        "def for_file(name):\n  names.append(name)\n  return Kept()\n"
        "f = util.FieldStorage(req, 0, 0, for_file, field_callback=Kept)\n"
        "req.write(repr((names, [(type(one.file) is Kept, one.value) for one in f.list])), 0)"
    )
    body = part('name="f"; filename="a.txt"', "1") + part('name="t"', "2") + "--x--\r\n"
    answer = run(site, code, body=body.encode(), CONTENT_TYPE=MULTIPART)
    assert answer.body == str((["a.txt"], [(True, b"1"), (True, "2")]))


class Asked:
    """A request with nothing but a query."""

    method = "GET"
    page_form = None

    def __init__(self, args):
        self.args = args


def test_forms_are_like_dictionaries():
    form = util.FieldStorage(Asked("a=1&b=2&a=3"))
    assert (form["a"], form["b"], form[b"b"]) == (["1", "3"], "2", "2")
    assert (form.get("a"), form.get("z"), form.get("z", 4)) == (["1", "3"], None, 4)
    assert (form.getfirst("a"), form.getlist("a"), form.getlist("z")) == ("1", ["1", "3"], [])
    assert (form.keys(), list(form), len(form)) == (["a", "b"], ["a", "b"], 2)
    assert (form.has_key("a"), "z" in form, repr(form)) == (
        *(True, False),
        "{'a': ['1', '3'], 'b': ['2']}",
    )
    form["a"] = "x"
    form.add_field("c", b"y")
    del form["b"]
    assert form.items() == [("a", "x"), ("c", "y")]
    for missing in (lambda: form["b"], lambda: form.__delitem__("b")):
        with pytest.raises(KeyError):
            missing()
    form.clear()
    assert form.list == []


def test_classes_of_ones_own():
    class Mine(util.FieldStorage):
        pass

    assert Mine(Asked("a=1")).items() == [("a", "1")]


def test_fields_that_are_made():
    file = io.BytesIO(b"abc")
    field = util.Field("n", file, "a/b", {}, "form-data", {"filename": "x"})
    assert (field.name, field.filename, field.type, field.value) == ("n", "x", "a/b", b"abc")
    assert repr(field) == "Field('n', b'abc')"
    assert (util.Field("n").value, util.Field("n").filename) == (None, None)
    text = util.StringField(b"\xc3\xa9")
    assert (text, text.value, text.decode("latin-1")) == ("é", "é", "é")
    with pytest.raises(AttributeError):
        text.nothing  # noqa: B018


def test_data_is_applied():
    form = util.FieldStorage(Asked("a=1&b=2&b=3&z=4"))
    assert util.apply_fs_data(lambda a, b, c=5: (a, b, c), form) == ("1", ["2", "3"], 5)
    assert util.apply_fs_data(lambda a, **rest: sorted(rest), form, c=6) == ["b", "c", "z"]
    assert util.apply_fs_data(lambda a: a, form, a="given") == "given"
    with pytest.raises(TypeError, match="missing"):
        util.apply_fs_data(lambda missing: 0, form)


def test_queries():
    query = "abc=%C3%A9+x%zz;d=4&bcd=&x&=v"
    assert util.parse_qsl(query) == [("abc", "é x%zz"), ("d", "4"), ("", "v")]
    assert util.parse_qsl(query, 1)[2:4] == [("bcd", ""), ("x", "")]
    assert util.parse_qs("a=1&a=2&b=", 1) == {"a": ["1", "2"], "b": [""]}
    assert util.parse_qs(b"a=1") == {b"a": [b"1"]}
    assert (util.parse_qs(""), util.parse_qsl("")) == ({}, [])
    with pytest.raises(ValueError, match="bad query field"):
        util.parse_qsl("x", 0, 1)


def test_headers_with_parameters():
    expected = ("a/b", {"c": "d;e", "f": "g"})
    assert util.parse_header('A/B; C="d;e"; f=g') == expected
    assert util.parse_header(b'A/B; C="d;e"; f=g') == expected
    assert apache.DONE == -2
