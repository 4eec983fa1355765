"""The handlers `mod_python.psp`, `mod_python.cgihandler` and `mod_python.wsgi`."""

import os
import sys
from unittest.mock import patch

import pytest

from support.handler_site import Site, is_passed
from taipan.scripts.process.streams import RequestInput, RequestOutput


def code_of(answer):
    return int(answer.status[:3])


@pytest.fixture
def pages(tmp_path):
    return Site(tmp_path, handler="mod_python.psp")


def test_a_page_answers(pages):
    pages.write("a.psp", "<%= req.path_info %> & <%= form.getfirst('a') %>")
    answer = pages.get("/a.psp/rest?a=1")
    assert (answer.status, answer.body) == ("200 OK", "/rest & 1")
    assert answer.named["content-type"] == "text/html; charset=utf-8"
    assert code_of(pages.get("/nope.psp")) == 404


def test_text_of_modules_is_no_page(pages):
    pages.write("secret.py", "password = 1")
    pages.write(".env", "password = 1")
    for path in ("/secret.py", "/.env"):
        assert is_passed(pages.get(path))


def test_pages_that_links_lead_out_to(pages, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "a.psp"
    outside.write_text("secret")
    os.symlink(outside, f"{pages.root}/a.psp")
    assert code_of(pages.get("/a.psp")) == 403


def test_a_page_that_was_served_is_forbidden_once_it_is_a_link_out(pages, tmp_path_factory):
    pages.write("a.psp", "a page")
    assert [pages.get("/a.psp").body for _ in range(2)] == ["a page"] * 2
    outside = tmp_path_factory.mktemp("outside") / "a.psp"
    os.rename(f"{pages.root}/a.psp", outside)
    assert code_of(pages.get("/a.psp")) == 404
    os.symlink(outside, f"{pages.root}/a.psp")
    assert code_of(pages.get("/a.psp")) == 403
    os.unlink(f"{pages.root}/a.psp")
    os.rename(outside, f"{pages.root}/a.psp")
    assert pages.get("/a.psp").body == "a page"


def test_codes_and_exits_in_pages(pages):
    pages.write(
        "a.psp", "text<%\nfrom mod_python import apache\nraise apache.SERVER_RETURN(404)\n%>"
    )
    assert code_of(pages.get("/a.psp")) == 404
    pages.write("a.psp", "text<%\nimport sys\nsys.exit()\n%>more")
    answer = pages.get("/a.psp")
    assert (answer.status, answer.body) == ("200 OK", "text")


def test_the_error_page_of_a_page(pages):
    pages.write("a.psp", "text<%\npsp.set_error_page('error.psp')\n1 / 0\n%>")
    pages.write("error.psp", "<%= exception[0].__name__ %>")
    answer = pages.get("/a.psp")
    assert (code_of(answer), answer.body) == (500, "ZeroDivisionError")


def test_the_code_of_a_page_is_shown_where_debugging_is_on(tmp_path):
    site = Site(tmp_path, handler="mod_python.psp", debug=True)
    site.write("a.psp", "<b>&amp;\n<% x = 1 < 2 %>\n<%= x %>")
    answer = site.get("/a.psp_")
    assert answer.status == "200 OK"
    for part in (
        "<font color=green>&lt;b&gt;&amp;amp;</font>",
        "x&nbsp;=&nbsp;1&nbsp;&lt;&nbsp;2",
        f"&nbsp;{site.root}/a.psp:",
    ):
        assert part in answer.body
    quiet = Site(tmp_path, handler="mod_python.psp")
    assert code_of(quiet.get("/a.psp_")) == 404


@pytest.fixture
def publisher(tmp_path):
    return Site(tmp_path, handler="mod_python.publisher")


def test_pages_as_templates(publisher):
    publisher.write("sub/part.html", "[<%= a %><%= b %>]")
    publisher.write(
        "sub/t.py",
        "from mod_python import psp\n"
        "def runs(req):\n"
        "    page = psp.PSP(req, 'part.html', vars={'a': 1, 'b': 2})\n"
        "    page.run({'b': 3})\n    page.run(vars={'b': '<'})\n"
        "def returned(req): return psp.PSP(req, filename='part.html', vars={'a': 4, 'b': 5})\n"
        "def text(req): psp.PSP(req, string='<%= 1 + 1 %>').run()\n"
        "def absent(req): psp.PSP(req, 'nope.html')\n"
        "def code(req): psp.PSP(req, string='<i>').display_code()\n",
    )
    assert publisher.get("/sub/t/runs").body == "[13][1<]"
    answer = publisher.get("/sub/t/returned")
    assert (answer.body, answer.named["content-type"]) == ("[45]", "text/html; charset=utf-8")
    assert publisher.get("/sub/t/text").body == "2"
    assert code_of(publisher.get("/sub/t/absent")) == 404
    assert "&lt;i&gt;" in publisher.get("/sub/t/code").body


def test_the_python_of_a_page(publisher):
    publisher.write("part.html", "a<%= v %>\n")
    publisher.write(
        "t.py",
        "import os\nfrom mod_python import psp\n"
        "def f(req):\n    folder = os.path.dirname(__file__)\n"
        "    for code in (psp.parse('part.html', folder), psp.parse(folder + '/part.html'),\n"
        "                 psp.parsestring('b<%= v %>'), psp.parsestring(b'c<%= v %>')):\n"
        "        exec(code, {'req': req, 'v': 1})\n",
    )
    assert publisher.get("/t/f").body == "a1\na1\nb1c1"


#: As in a worker.
OUTPUT = RequestOutput("stdout", sys.__stdout__, follows=True)
INPUT = RequestInput("stdin", sys.__stdin__, follows=True)


class ScriptSite(Site):
    """Standard streams are those of requests."""

    def get(self, *target, **more):
        with patch.object(sys, "stdout", OUTPUT), patch.object(sys, "stdin", INPUT):
            return super().get(*target, **more)


@pytest.fixture
def scripts(tmp_path):
    return ScriptSite(tmp_path, handler="mod_python.cgihandler")


def test_streams_that_are_collected_close_nothing_of_the_request(scripts):
    scripts.write(
        "act.py",
        "import gc, sys\nfor one in (sys.stdin, sys.stdout): type(one)('x', None)\ngc.collect()\n"
        "print('X-A: 1\\n')\nprint(sys.stdin.read())\n",
    )
    answer = scripts.get("/act.py", body=b"a=1")
    assert (answer.status, answer.body) == ("200 OK", "a=1\n")


def test_a_script_reads_and_prints(scripts):
    scripts.write(
        "act.py",
        "import sys\nprint('Content-Type: text/x-own\\nX-A: 1\\n')\nprint(sys.stdin.read())\n",
    )
    for path in ("/act.py", "/act"):
        answer = scripts.get(path, body=b"a=1")
        assert (answer.status, answer.body) == ("200 OK", "a=1\n")
        assert answer.fields[:2] == [("Content-Type", "text/x-own"), ("X-A", "1")]


def test_what_scripts_say_of_the_head(scripts):
    scripts.write("go.py", "print('Location: /elsewhere\\n')")
    answer = scripts.get("/go")
    assert (answer.status, answer.fields) == ("302 Found", [("Location", "/elsewhere")])
    scripts.write("made.py", "print('Status: 201\\nContent-Type: a/b\\n\\nx')")
    answer = scripts.get("/made")
    assert (answer.status, answer.body) == ("201 Created", "x\n")


def test_scripts_that_are_not_there_or_end_early(scripts, tmp_path_factory):
    assert code_of(scripts.get("/nope")) == 404
    scripts.write("data.txt", "print('run')")
    assert code_of(scripts.get("/data.txt")) == 404
    scripts.write("end.py", "import sys\nprint('Content-Type: a/b\\n\\nx')\nsys.exit('why')\n")
    answer = scripts.get("/end")
    assert answer.body == "x\n"
    assert "ended with: why" in " ".join(answer.log)
    outside = tmp_path_factory.mktemp("outside") / "out.py"
    outside.write_text("print('Content-Type: a/b\\n\\nsecret')")
    os.symlink(outside, f"{scripts.root}/out.py")
    assert code_of(scripts.get("/out")) == 403
    scripts.write("fails.py", "1 / 0")
    answer = scripts.get("/fails")
    assert "ZeroDivisionError" in " ".join(answer.log)
    assert "ZeroDivisionError" not in answer.body


def test_other_handlers_add_to_what_a_script_prints(tmp_path):
    site = ScriptSite(tmp_path, handler="mod_python.cgihandler", phases={"fixup": "t"})
    site.write(
        "t.py", "def fixuphandler(req):\n    req.err_headers_out['X-E'] = '1'\n    return 0\n"
    )
    site.write("act.py", "print('Content-Type: a/b\\n\\nx')")
    assert site.get("/act").fields == [("Content-Type", "a/b"), ("X-E", "1")]


FILTER = """
def outputfilter(filter):
    data = filter.read()
    while data:
        filter.write(data.upper())
        data = filter.read()
    if data is None:
        filter.close()
"""


@pytest.mark.parametrize(
    "code",
    [
        "print('Content-Type: a/b\\nX-A: low\\n\\nbody')",
        "import sys\nsys.stdout.write('Content-Type: a/')\nsys.stdout.flush()\n"
        "print('b\\nX-A: low\\n\\nbo', end='')\nsys.stdout.flush()\nprint('dy')",
    ],
)
def test_filters_get_the_body_of_a_script_only(tmp_path, code):
    filters = {"input": [], "output": ["flt::outputfilter"]}
    site = ScriptSite(tmp_path, handler="mod_python.cgihandler", filters=filters)
    site.write("flt.py", FILTER)
    site.write("act.py", code)
    answer = site.get("/act")
    assert (answer.fields, answer.body) == ([("Content-Type", "a/b"), ("X-A", "low")], "BODY\n")


def test_a_script_that_prints_nothing_is_an_error(scripts):
    scripts.write("empty.py", "")
    answer = scripts.get("/empty")
    assert code_of(answer) == 500
    assert "printed nothing" in " ".join(answer.log)


def test_a_script_without_a_head_is_html(scripts):
    scripts.write("bare.py", "print('<b>bare</b>')")
    answer = scripts.get("/bare")
    assert (answer.named["content-type"], answer.body) == (
        "text/html; charset=utf-8",
        "<b>bare</b>\n",
    )


APPLICATIONS = """
def application(environ, start_response):
    start_response("201 Made", [("Content-Type", "a/b"), ("X-A", "1"), ("X-A", "2")])
    return [environ["SCRIPT_NAME"].encode(), b"|", environ["PATH_INFO"].encode()]

closed = []
class Streamed:
    def __iter__(self):
        yield b"streamed"
    def close(self):
        closed.append(1)

def streams(environ, start_response):
    start_response("200 OK", [("Content-Type", "a/b")])
    return Streamed()

def writes(environ, start_response):
    write = start_response("200 OK", [])
    write(b"written ")
    yield b""
    yield environ["wsgi.input"].read()

def late(environ, start_response):
    if 0: yield
    start_response("204 No Content", [])

def again(environ, start_response):
    start_response("200 OK", [("X-A", "1")])
    try:
        raise ValueError
    except ValueError:
        import sys
        start_response("500 Oops", [("X-B", "1")], sys.exc_info())
    return [b"failed"]

def twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])
    return []

def never(environ, start_response):
    return [b"x"]

def text(environ, start_response):
    start_response("200 OK", [])
    return ["text"]

def broken(environ, start_response):
    start_response("200 OK", [("X-A", "1\\r\\nX-B: 2")])
    return []

def keys(environ, start_response):
    start_response("200 OK", [])
    return [str([key for key in environ if "taipan" in key]).encode()]
"""


def wsgi_site(folder, name="t", prefix="mod_python.", **options):
    site = Site(
        folder,
        handler="mod_python.wsgi",
        options={f"{prefix}wsgi.application": name, **options},
    )
    site.write("t.py", APPLICATIONS)
    return site


@pytest.mark.parametrize("prefix", ["mod_python.", ""])
def test_an_application(tmp_path, prefix):
    site = wsgi_site(tmp_path, prefix=prefix)
    answer = site.get("/a/b%20")
    assert (answer.status, answer.body) == ("201 Made", "|/a/b%20")
    assert answer.fields == [("Content-Type", "a/b"), ("X-A", "1"), ("X-A", "2")]
    site = wsgi_site(tmp_path, prefix=prefix, **{f"{prefix}wsgi.base_uri": "/a/"})
    assert [site.get(path).body for path in ("/a/b", "/a")] == ["/a|/b", "/a|"]
    assert is_passed(site.get("/ab"))
    assert "does not start with" in " ".join(site.log.records)


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("streams", "200 OK", "streamed"),
        ("writes", "200 OK", "written a=1"),
        ("late", "204 No Content", ""),
        ("again", "500 Oops", "failed"),
        ("keys", "200 OK", "[]"),
    ],
)
def test_ways_to_answer(tmp_path, name, status, body):
    answer = wsgi_site(tmp_path, f"t::{name}").get("/x", body=b"a=1")
    assert (answer.status, answer.body) == (status, body)
    if name == "again":
        assert answer.fields == [("X-B", "1")]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("twice", "start_response twice"),
        ("never", "call start_response before"),
        ("text", "gave str where bytes are wanted"),
        ("broken", "X-A"),
    ],
)
def test_ways_that_are_wrong(tmp_path, name, reason):
    answer = wsgi_site(tmp_path, f"t::{name}").get("/x")
    assert code_of(answer) == 500
    assert reason in " ".join(answer.log)
    assert reason not in answer.body
    assert answer.named.get("x-b") is None


def test_what_is_iterated_is_closed(tmp_path):
    site = wsgi_site(tmp_path, "t::streams")
    site.get("/x")
    site.write(
        "u.py",
        "import t\ndef application(e, s):\n    s('200 OK', [])\n"
        "    return [str(t.closed).encode()]\n",
    )
    other = Site(tmp_path, handler="mod_python.wsgi", options={"wsgi.application": "u"})
    assert other.get("/x").body == "[1]"


@pytest.mark.parametrize("name", ["", "t::nothing"])
def test_no_application_declines(tmp_path, name):
    site = wsgi_site(tmp_path, name)
    assert is_passed(site.get("/x"))
    assert "names no application" in " ".join(site.log.records)
