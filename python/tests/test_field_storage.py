"""`FieldStorage`: what scripts for the former module `cgi` find in it."""

import encodings
import gc
import io
import os
import pickle
import sys
from email.message import Message

import pytest

from support.forms import (
    BOUNDARY,
    make_body,
    make_environ,
    make_field,
    make_file,
    make_part,
    multipart_type,
    read_form,
)
from taipan.forms import FieldStorage, FormError, FormLimits, MiniFieldStorage

URLENCODED = "application/x-www-form-urlencoded"


class SmallForm(FieldStorage):
    """Files are used for what is longer than 10 bytes."""

    limits = FormLimits(part_memory=10)


def make_form(*parts, **options):
    return read_form(make_body(parts), **options)


def test_fields_by_name():
    form = make_form(make_field(b"a", b"1"), make_field(b"b", b""), make_field(b"a", b"2"))
    assert form.keys() == list(form) == ["a", "b"]
    assert len(form) == 2 and form
    assert "a" in form and "c" not in form
    assert [field.value for field in form["a"]] == ["1", "2"]
    assert form["b"].value == ""
    assert form.getvalue("a") == form.getlist("a") == ["1", "2"]
    assert form.getvalue("b") == "" and form.getvalue("c") is None and form.getvalue("c", 3) == 3
    assert form.getfirst("a") == "1" and form.getfirst("c", "d") == "d"
    assert form.getlist("c") == []
    assert form.value is form.list
    with pytest.raises(KeyError):
        form["c"]


def test_a_field():
    form = make_form(make_part(b'form-data; name="a"; x=y', b"1", b"Content-Type: Text/X; b=c"))
    field = form["a"]
    assert (field.name, field.filename, field.value) == ("a", None, "1")
    assert (field.type, field.type_options) == ("Text/X", {"b": "c"})
    assert (field.disposition, field.disposition_options) == ("form-data", {"name": "a", "x": "y"})
    assert isinstance(field.headers, Message) and field.headers is field.headers
    assert field.headers["CONTENT-type"] == "Text/X; b=c" and field.headers["absent"] is None
    assert field.list is None and field.file.read() == "1"
    assert repr(field) == "FieldStorage('a', None, '1')"
    for use in (len, bool, list, lambda one: one["x"], lambda one: "x" in one):
        with pytest.raises(TypeError):
            use(field)


def test_an_upload():
    form = make_form(make_file(b"f", b"a\xc3\xa9.bin", b"\0\xff\r\n"))
    upload = form["f"]
    assert (upload.name, upload.filename, upload.value) == ("f", "a\u00e9.bin", b"\0\xff\r\n")
    assert upload.type == "application/octet-stream"
    assert upload.file.read() == upload.value
    assert upload.file.seekable() and upload.file.writable()


def test_an_upload_that_was_not_chosen():
    upload = make_form(make_file(b"f", b"", b""))["f"]
    assert (upload.filename, upload.value) == ("", b"")


@pytest.mark.parametrize("kind", ["multipart/related", "multipart/mixed; boundary=x", URLENCODED])
def test_an_upload_is_never_looked_into(kind):
    part = make_file(b"f", b"a.mht", b"--x\r\n\r\n--x--", b"Content-Type: " + kind.encode())
    assert make_form(part)["f"].value == b"--x\r\n\r\n--x--"


def test_what_is_set_stays():
    field = make_form(make_field(b"a", b"1"))["a"]
    field.value = "2"
    assert field.value == "2"
    with pytest.raises(AttributeError, match="has no attribute 'valeu'"):
        _ = field.valeu


def test_a_list_that_is_changed():
    form = make_form(make_field(b"a", b"1"))
    assert "b" not in form
    form.list.append(MiniFieldStorage("b", "2"))
    assert form.getvalue("b") == "2"
    form.list = [MiniFieldStorage("c", "3")]
    assert form.keys() == ["c"]
    form["c"].value = "4"
    assert form.getvalue("c") == "4"


def test_mini_fields():
    field = MiniFieldStorage("a", "1")
    assert repr(field) == "MiniFieldStorage('a', '1')"
    assert (field.filename, field.file, field.list, field.type) == (None, None, None, None)
    assert field.disposition is None
    assert field.headers == field.type_options == field.disposition_options == {}


def test_queries():
    form = FieldStorage(environ={"QUERY_STRING": "a=1&b=&a=%C3%A9"})
    assert form.getlist("a") == ["1", "\u00e9"] and "b" not in form
    form = FieldStorage(environ={"QUERY_STRING": "b"}, keep_blank_values=True)
    assert form.getvalue("b") == ""
    assert FieldStorage(environ={"QUERY_STRING": "a=1;b=2"}, separator=";").getvalue("b") == "2"
    assert not FieldStorage(environ={"REQUEST_METHOD": "HEAD", "QUERY_STRING": ""})
    with pytest.raises(ValueError, match="bad query field"):
        FieldStorage(environ={"QUERY_STRING": "b"}, strict_parsing=True)


def test_the_request_of_a_script(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["x.py", "a=1"])
    assert FieldStorage(environ={}).getvalue("a") == "1"
    monkeypatch.setattr(os, "environ", {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "3"})
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"b=1&c=2")))
    form = FieldStorage()
    assert form.keys() == ["b"]
    assert form.type == URLENCODED


def test_a_query_beside_a_body():
    body = b"b=2&a=3"
    query = {"QUERY_STRING": "a=1"}
    form = read_form(body, environ=make_environ(body, URLENCODED, **query))
    assert form.getlist("a") == ["3", "1"]
    body = make_body([make_field(b"a", b"3")])
    form = read_form(body, environ=make_environ(body, multipart_type(), **query))
    assert form.getlist("a") == ["1", "3"]


def test_more_than_the_length_is_left():
    body = b"a=1&b=2"
    fp = io.BytesIO(body)
    form = FieldStorage(fp, environ={**make_environ(body, URLENCODED), "CONTENT_LENGTH": "3"})
    assert form.keys() == ["a"] and fp.read() == b"&b=2"


def test_without_a_length():
    body = make_body([make_field(b"a", b"1")])
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": multipart_type(), "CONTENT_LENGTH": ""}
    assert read_form(body, environ=environ).getvalue("a") == "1"
    assert read_form(body, environ=environ, limit=len(body)).getvalue("a") == "1"
    with pytest.raises(FormError, match="within a part"):
        read_form(body, environ=environ, limit=len(body) - 10)


def test_nothing_is_waited_for_behind_the_last_delimiter():
    reading, writing = os.pipe()
    os.write(writing, make_body([make_field(b"a", b"1")]))
    environ = {"REQUEST_METHOD": "POST", "CONTENT_TYPE": multipart_type()}
    with open(reading, "rb") as fp:
        assert FieldStorage(fp, environ=environ).getvalue("a") == "1"
    os.close(writing)


def test_bodies_that_are_no_form():
    body = '{"a": "\u00e9"}'.encode()
    assert read_form(body, "application/json").value == body
    environ = {"REQUEST_METHOD": "PUT"}
    assert read_form(body, environ=environ).value == body.decode()
    with pytest.raises(TypeError):
        read_form(body, "application/json").getvalue("a")


def test_headers_that_are_given():
    headers = Message()
    headers["Content-Type"] = multipart_type()
    form = FieldStorage(
        io.BytesIO(make_body([make_field(b"a", b"1")])),
        headers,
        environ={"REQUEST_METHOD": "POST", "QUERY_STRING": "b=2"},
    )
    assert form.headers is headers and form.keys() == ["a"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"fp": "a name", "environ": {"REQUEST_METHOD": "PUT"}},
        {"headers": "text"},
        {"outerboundary": "text"},
    ],
)
def test_arguments_of_wrong_types(arguments):
    with pytest.raises(TypeError):
        FieldStorage(**arguments)


def test_a_body_of_text_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="should return bytes, got str"):
        FieldStorage(io.StringIO("a=1"), environ={"REQUEST_METHOD": "POST"})


def test_nested_parts():
    inner = make_body(
        [
            make_part(b'file; filename="a.txt"', b"A", b"Content-Type: text/plain"),
            make_part(b'file; filename="b.gif"', b"--" + BOUNDARY[:-1], b"Content-Type: image/gif"),
        ],
        b"inner",
    )
    files = make_part(
        b'form-data; name="f"', inner, b"Content-Type: Multipart/Mixed; boundary=inner"
    )
    form = make_form(make_field(b"a", b"1"), files, make_field(b"b", b"2"))
    assert form.keys() == ["a", "f", "b"]
    found = [(one.name, one.filename, one.value) for one in form["f"].value]
    assert found == [(None, "a.txt", b"A"), (None, "b.gif", b"--" + BOUNDARY[:-1])]
    assert form.getvalue("b") == "2"


def test_a_part_that_is_urlencoded():
    part = make_part(b'form-data; name="f"', b"a=1&b=2", f"Content-Type: {URLENCODED}".encode())
    form = make_form(part, make_field(b"b", b"3"))
    assert form["f"].getvalue("b") == "2" and form.getvalue("b") == "3"


def test_transfer_encodings_are_left_alone():
    part = make_file(
        b"f", b"a", b"YQ==", b"Content-Transfer-Encoding: base64", b"Content-Length: 1"
    )
    assert make_form(part)["f"].value == b"YQ=="


def test_charsets():
    latin = make_part(b'form-data; name="a"', b"\xe9", b"Content-Type: text/plain; charset=latin1")
    unknown = make_part(b'form-data; name="b"', b"\xc3\xa9", b"Content-Type: text/plain; charset=x")
    named = make_field(b"_charset_", b"windows-1252")
    form = make_form(latin, unknown, named, make_field(b"\x80", b"\x80"))
    assert form.getvalue("a") == form.getvalue("b") == "\u00e9"
    assert form.getvalue("\u20ac") == "\u20ac"
    assert make_form(make_field(b"a", b"\xe9"), encoding="latin-1").getvalue("a") == "\u00e9"
    assert make_form(make_field(b"a", b"\xe9")).getvalue("a") == "\ufffd"
    with pytest.raises(FormError, match="a field is not utf-8"):
        make_form(make_field(b"a", b"\xe9"), errors="strict")


def test_charsets_that_are_no_text():
    nested = make_body([make_field(b"a", b"1")], b"inner")
    line = b"Content-Type: multipart/mixed; boundary=inner"
    parts = [
        make_file(b"_charset_", b"f", b"latin-1"),
        make_part(b'form-data; name="_charset_"', nested, line),
        make_field(b"_charset_", b"rot13"),
        make_field(b"_charset_", b"x" * 100_000),
        make_field(b"a", b"\xc3\xa9"),
    ]
    assert make_form(*parts).getvalue("a") == "\u00e9"


def test_names_of_charsets_are_not_kept():
    known = dict(encodings._cache)
    make_form(make_field(b"_charset_", b"never-heard-of"), make_field(b"a", b"1"))
    assert encodings._cache == known


@pytest.mark.parametrize("size", [10, 11, 200_000])
def test_long_contents_are_in_files(size):
    text = "\u00e9" * (size // 2) + "x" * (size % 2)
    content = text.encode()
    form = make_form(make_field(b"a", content), make_file(b"f", b"f", content), kind=SmallForm)
    assert form.getvalue("a") == text and form.getvalue("f") == content
    assert form["a"].file.read(1) == "\u00e9" and form["f"].file.read(2) == content[:2]
    in_memory = isinstance(form["f"].file, io.BytesIO), isinstance(form["a"].file, io.StringIO)
    assert in_memory == (size <= 10, size <= 10)
    with form:
        pass
    assert form["a"].file.closed and form["f"].file.closed


def test_long_texts_keep_everything():
    content = b"1\r\n2\r3\n\xff" * 10
    form = make_form(make_field(b"a", content), kind=SmallForm, errors="surrogateescape")
    assert form.getvalue("a").encode("utf-8", "surrogateescape") == content
    with pytest.raises(FormError, match="a field is not utf-8"):
        make_form(make_field(b"a", content), kind=SmallForm, errors="strict")


def test_files_go_with_their_fields():
    upload = make_form(make_file(b"f", b"f", b"x" * 100), kind=SmallForm)["f"]
    file = upload.file
    gc.collect()
    assert not file.closed
    del upload
    assert file.closed


class FailingInput(io.BytesIO):
    def read(self, size=-1):
        data = super().read(size)
        if not data:
            raise ConnectionResetError
        return data


def test_files_do_not_outlive_a_failure():
    opened = []

    class Form(FieldStorage):
        def make_file(self):
            opened.append(super().make_file())
            return opened[-1]

    body = make_body([make_file(b"f", b"f", b"x" * 70_000)] * 2)
    environ = make_environ(body, multipart_type())
    with pytest.raises(ConnectionResetError) as caught:
        Form(FailingInput(body[:-50]), environ=environ)
    # What an error refers to is not collected.
    assert caught.value is not None
    assert [file.closed for file in opened] == [True, True]


def test_a_method_of_ones_own_opens_files_as_it_did():
    names = []

    class Form(FieldStorage):
        def make_file(self, binary=None):
            names.append((self.name, self._binary_file))
            return super().make_file()

    parts = [make_file(b"f", b"f", b"x" * 1001), make_field(b"a", b"x" * 1001)]
    make_form(*parts, make_file(b"g", b"g", b"x" * 1000), kind=Form).close()
    assert names == [("f", True), ("a", False)]


def test_parts_of_another_class():
    class Part(FieldStorage):
        pass

    class Form(FieldStorage):
        FieldStorageClass = Part

    class Same(FieldStorage):
        def __init__(self, fp=None, headers=None, outerboundary=b"", *rest, **more):
            super().__init__(fp, headers, outerboundary, *rest, **more)

    assert type(make_form(make_field(b"a", b"1"), kind=Form)["a"]) is Part
    assert type(make_form(make_field(b"a", b"1"), kind=Same)["a"]) is Same


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\u00e9",
    ],
)
def test_no_boundary(content_type):
    with pytest.raises(FormError, match="no valid boundary") as caught:
        read_form(b"", content_type)
    assert caught.value.status == 400


@pytest.mark.parametrize("content_type", [URLENCODED, multipart_type(), "text/plain"])
def test_a_body_that_is_cut(content_type):
    body = make_body([make_field(b"a", b"1")])[:-20]
    environ = {**make_environ(body, content_type), "CONTENT_LENGTH": str(len(body) + 20)}
    with pytest.raises(FormError, match=f"ended after {len(body)} of {len(body) + 20}") as caught:
        read_form(body, environ=environ)
    assert caught.value.status == 400


def test_lengths_that_are_none():
    body = b"a=1"
    for length in ("", "x", "-1", "1_0", "\u0663", "+3"):
        environ = {**make_environ(body, URLENCODED), "CONTENT_LENGTH": length}
        assert read_form(body, environ=environ).getvalue("a") == "1"


def limited(**limits):
    return type("Form", (FieldStorage,), {"limits": FormLimits(**limits)})


def nest(depth):
    body = make_field(b"a", b"1")
    for level in range(depth):
        boundary = b"b%d" % level
        line = b"Content-Type: multipart/mixed; boundary=" + boundary
        body = make_part(b'form-data; name="n"', make_body([body], boundary), line)
    return body


FIELDS = [make_field(b"a", b"123456")] * 4
FILES = [make_file(b"f", b"f", b"123456")] * 4


@pytest.mark.parametrize(
    ("parts", "fits", "exceeded", "reason"),
    [
        (FIELDS, {"parts": 4}, {"parts": 3}, "more than 3 parts"),
        ([nest(2)], {"parts": 3}, {"parts": 2}, "more than 2 parts"),
        (FIELDS, {"fields": 4}, {"fields": 3}, "more than 3 fields"),
        (FILES, {"files": 4}, {"files": 3}, "more than 3 files"),
        (FIELDS, {"files": 4, "part_memory": 5}, {"files": 3, "part_memory": 5}, "than 3 files"),
        (FIELDS, {"files": 4, "memory": 5}, {"files": 3, "memory": 5}, "more than 3 files"),
        (FIELDS, {"header": 44}, {"header": 43}, "longer than 43 bytes"),
        (FIELDS, {"size": len(make_body(FIELDS))}, {"size": 100}, "more than 100 bytes"),
    ],
)
@pytest.mark.parametrize("has_length", [True, False])
def test_limits(parts, fits, exceeded, reason, has_length):
    body = make_body(parts)
    environ = make_environ(body, multipart_type())
    if not has_length:
        del environ["CONTENT_LENGTH"]
    assert len(read_form(body, environ=environ, kind=limited(**fits)).list) == len(parts)
    with pytest.raises(FormError, match=reason) as caught:
        read_form(body, environ=environ, kind=limited(**exceeded))
    assert caught.value.status == 413


class SlowInput(io.BytesIO):
    def read(self, size=-1):
        return super().read(min(size, 5))


def test_memory_of_what_went_to_a_file_is_free_again():
    body = make_body([make_file(b"f", b"f", b"x" * 100)] * 4 + FIELDS)
    kind = limited(files=4, part_memory=90, memory=120)
    with kind(SlowInput(body), environ=make_environ(body, multipart_type())) as form:
        assert [isinstance(one.file, io.StringIO) for one in form.list] == [False] * 4 + [True] * 4


def test_depth():
    assert make_form(nest(2)).list[0].list[0].list[0].value == "1"
    with pytest.raises(FormError, match="nested more than 3 times") as caught:
        make_form(nest(3))
    assert caught.value.status == 400


def test_max_num_fields():
    query = {"QUERY_STRING": "a=1&a=2"}
    urlencoded = make_part(b"form-data", b"a=4&a=5", f"Content-Type: {URLENCODED}".encode())
    body = make_body([make_field(b"a", b"3"), urlencoded])
    environ = make_environ(body, multipart_type(), **query)
    assert len(read_form(body, environ=environ, max_num_fields=5).list) == 4
    with pytest.raises(ValueError, match="more than 4 fields"):
        read_form(body, environ=environ, max_num_fields=4)
    with pytest.raises(ValueError, match="more than 1 fields"):
        FieldStorage(environ=query, max_num_fields=1)


def test_errors_travel():
    error = pickle.loads(pickle.dumps(FormError("too many", 413)))
    assert (str(error), error.status) == ("too many", 413)
