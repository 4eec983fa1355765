"""Filters of mod_python, on bodies of requests and of responses."""

import io

import pytest

from support.handler_site import Site, is_passed
from taipan.loader.errors import TargetError
from taipan.scripts.mod_python.filters.filter import Filter
from taipan.scripts.mod_python.filters.filtered_input import FilteredInput

FILTERS = """
from mod_python import apache

def upper(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()

inputfilter = outputfilter = upper

def brackets(filter):
    line = filter.readline()
    while line:
        filter.write(b"<" + line + b">")
        line = filter.readline()
    if line is None:
        filter.close()

def facts(filter):
    data = filter.read()
    while data:
        data = filter.read()
    if data is None:
        filter.write(repr((filter.name, filter.handler, filter.is_input, filter.closed)))
        filter.close()

def first(filter):
    filter.write(filter.read(3) + b"|")
    filter.disable()

def unclosed(filter):
    filter.write(filter.read() or b"")

def ends_early(filter):
    filter.read()
    filter.write("end")
    filter.close()

def fails(filter):
    data = filter.read()
    while data:
        filter.write(data)
        if b"!" in data:
            raise LookupError("filter")
        data = filter.read()

def refuses(filter):
    raise apache.SERVER_RETURN(403)

class Counts:
    def __init__(self, filter):
        self.filter, self.number = filter, 0
    def blocks(self, filter):
        data = filter.read()
        while data:
            self.number += 1
            data = filter.read()
        if data is None:
            filter.write(f"{self.number} {filter is self.filter}")
            filter.close()

def handler(req):
    req.content_type = "text/plain"
    req.headers_out["Content-Length"] = "12"
    req.headers_out["X-H"] = "1"
    exec(req.document_root and CODE, {"req": req, "apache": apache})
    return apache.OK
"""
WRITES = "req.write('one\\ntw'); req.write('o\\nthr\\n')"


def make(tmp_path, code=WRITES, *, output=(), input=(), **config):
    filters = {"input": list(input), "output": list(output)}
    site = Site(tmp_path, filters=filters, **config)
    site.write("t.py", f"CODE = {code!r}\n{FILTERS}")
    return site


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["t"], "ONE\nTWO\nTHR\n"),
        (["t::upper", "t::brackets"], "<ONE\n><TWO\n><THR\n>"),
        (["t::brackets", "t::upper"], "<ONE\n><TWO\n><THR\n>"),
        (["t::upper t::brackets"], "<ONE\n><TWO\n><THR\n>"),
        (["t::first", "t::upper"], "ONE|\nTWO\nTHR\n"),
        (["t::unclosed"], "one\ntwo\nthr\n"),
        (["t::ends_early", "t::brackets"], "<end>"),
        (["t::Counts.blocks"], "2 True"),
        (["t::Facts"], None),
        (["t::facts"], "('t::facts', 't::facts', 0, 0)"),
    ],
)
def test_output_filters_in_their_order(tmp_path, names, expected):
    site = make(tmp_path, output=names)
    answer = site.get()
    if expected is None:
        assert answer.status == "500 Internal Server Error"
        assert "there is no Facts in " in str(answer.log)
        with pytest.raises(TargetError, match=r"there is no Facts in "):
            site.check()
        return
    assert (answer.status, answer.body) == ("200 OK", expected)
    assert answer.named["x-h"] == "1"


def test_the_length_that_a_handler_announces_is_not_sent(tmp_path):
    assert "content-length" in make(tmp_path).get().named
    assert "content-length" not in make(tmp_path, output=["t"]).get().named


def test_an_error_of_a_filter_before_the_head_is_a_500(tmp_path):
    answer = make(tmp_path, "req.write('wrong!')", output=["t::fails"]).get()
    assert (answer.status, answer.body) == ("500 Internal Server Error", "Internal Server Error\n")
    assert "error: PythonOutputFilter: LookupError: filter" in answer.log
    code = "try: req.write('wrong!')\nexcept LookupError: req.write('more')"
    assert make(tmp_path, code, output=["t::fails"]).get().status[:3] == "500"
    assert make(tmp_path, output=["t::refuses"]).get().status == "403 Forbidden"


def test_debug_shows_errors_of_filters(tmp_path):
    answer = make(tmp_path, "req.write('wrong!')", output=["t::fails"], debug=True).get()
    assert answer.status == "500 Internal Server Error"
    assert "LookupError: filter" in answer.body
    assert 'Mod_python error: "PythonOutputFilter"' in answer.body


def test_an_error_of_a_filter_after_the_head_cuts_the_response(tmp_path):
    answer = make(tmp_path, "req.write('ok'); req.write('!')", output=["t::fails"]).get()
    assert (answer.status, answer.body) == ("200 OK", "ok")
    assert "raised LookupError('filter')" in answer.log


def test_answers_of_the_server_are_not_filtered(tmp_path):
    answer = make(tmp_path, "raise apache.SERVER_RETURN(404)", output=["t"]).get()
    assert (answer.status, answer.body) == ("404 Not Found", "Not Found\n")


def test_filters_are_added_by_handlers(tmp_path):
    code = "req.write('one ')\nreq.register_output_filter('UP', 't::upper')\n"
    code += "req.add_output_filter('up'); req.add_output_filter('NONE'); req.write('two')\n"
    answer = make(tmp_path, code).get()
    assert answer.body == "one TWO"
    assert "warning: no filter NONE is registered, so none is added" in answer.log
    code = "req.register_input_filter('UP', 't', req.document_root())\n"
    code += "first = req.read(2); req.add_input_filter('UP'); req.write(first + req.read())"
    assert make(tmp_path, code).get(body=b"abcd").body == "abCD"
    code = "req.register_output_filter('F', lambda f: f.write(f.read() or b'')); "
    assert make(tmp_path, code + "req.add_output_filter('F'); req.write('x')").get().body == "x"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("req.read()", "b'A=1\\nB=2'"),
        ("req.read(2), req.read(100), req.read()", "(b'A=', b'1\\nB=2', b'')"),
        ("req.readline(), req.readline(1), req.readline()", "(b'A=1\\n', b'B', b'=2')"),
        ("req.readlines()", "[b'A=1\\n', b'B=2']"),
    ],
)
def test_input_filters(tmp_path, code, expected):
    site = make(tmp_path, f"req.write(repr(({code})))", input=["t"])
    assert site.get(body=b"a=1\nb=2").body == expected


def test_forms_come_through_input_filters(tmp_path):
    code = "from mod_python import util\nreq.write(util.FieldStorage(req)['A'].value)"
    assert make(tmp_path, code, input=["t"]).get(body=b"a=b").body == "B"


def test_an_error_of_an_input_filter_is_one_of_the_handler(tmp_path):
    answer = make(tmp_path, "req.read()", input=["t::fails"]).get(body=b"!")
    assert answer.status == "500 Internal Server Error"


def test_large_bodies_do_not_stay_in_memory(tmp_path):
    source = io.BytesIO(b"x" * 1_000_000)
    filter = Filter("f", None, is_input=True)
    filter.function = lambda one: one.pass_on()
    body = FilteredInput(source, filter)
    assert body.read(1) == b"x"
    assert source.tell() < 10_000
    assert len(b"".join(body)) == 999_999
    assert body.readlines() == []


def test_lines_are_whole_unless_they_are_long():
    out = []
    filter = Filter("f", None, is_input=False)
    filter.sink = lambda data, last: out.append(data)
    lines = []
    filter.function = lambda one: lines.append(one.readline())
    filter.feed(b"be", False)
    filter.feed(b"gin\nend", False)
    filter.feed(b"x" * 70_000, False)
    assert [line if len(line) < 100 else len(line) for line in lines] == [
        b"",
        b"begin\n",
        b"",
        70_003,
    ]


def test_a_filter_that_reads_nothing_is_an_error_at_last():
    filter = Filter("f", None, is_input=False)
    filter.function = lambda one: None
    filter.feed(b"x" * 1_000_000, False)
    with pytest.raises(RuntimeError, match="the filter f leaves 2000000 bytes unread"):
        filter.feed(b"x" * 1_000_000, False)


def test_a_closed_filter_takes_nothing_more():
    filter = Filter("f", None, is_input=False)
    filter.close()
    for call in (filter.close, lambda: filter.write("x")):
        with pytest.raises(ValueError, match="closed filter"):
            call()


# Files that are sent in place of a handler


@pytest.fixture
def files(tmp_path):
    site = make(tmp_path / "site", output=["t"], handler="")
    for name in (
        "a.html",
        "index.html",
        "sub/index.html",
        "a.py.bak",
        "a.asp",
        ".htpasswd",
        "a.bin",
    ):
        site.write(name, f"this is {name}")
    site.write("../outside.txt", "outside")
    (tmp_path / "site/link.txt").symlink_to(tmp_path / "outside.txt")
    (tmp_path / "site/source.txt").symlink_to(tmp_path / "site/t.py")
    return site


def test_files_come_through_output_filters(files):
    answer = files.get("/a.html")
    assert not is_passed(answer)
    assert (answer.status, answer.body) == ("200 OK", "THIS IS A.HTML")
    assert answer.named["content-type"] == "text/html; charset=utf-8"
    assert files.get("/sub/").body == "THIS IS SUB/INDEX.HTML"
    assert files.get("/a.bin").named["content-type"] == "application/octet-stream"
    assert files.get("/a.html", body=b"x").status == "405 Method Not Allowed"


@pytest.mark.parametrize(
    "target",
    "/t.py /a.py.bak /a.asp /.htpasswd /link.txt /source.txt /none /a.html/more".split(),
)
def test_what_nobody_shall_see_is_not_there(files, target):
    assert files.get(target).status == "404 Not Found"
