"""WSGI applications of PyISAPIe sites."""

import pytest

from support.isapi_sites import IsapiSite


@pytest.fixture
def site(tmp_path):
    return IsapiSite(tmp_path)


def serve(site, application, base="'/'"):
    """Writes a module that answers by an application."""
    site.write("app.py", application)
    site.write(
        "Isapi.py",
        "from Http import *\nfrom Http.WSGI import RunWSGI as R\nfrom app import app\n"
        f"assert R is RunWSGI\ndef Request():\n    return RunWSGI(app, Base={base})\n",
    )


ECHO = """
def app(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [repr({NAMES}).encode()]
"""


def show(site, names, target="/isapi/x", base="'/'", **more):
    serve(site, ECHO.replace("{NAMES}", names), base)
    return eval(site.text(target, **more))


@pytest.mark.parametrize(
    ("base", "target", "divided"),
    [
        ("'/'", "/isapi/a/b", ("", "/isapi/a/b")),
        ("''", "/isapi/a/b", ("", "/isapi/a/b")),
        ("'/isapi'", "/isapi/a/b", ("/isapi", "/a/b")),
        ("'/isapi/'", "/isapi/a/b", ("/isapi", "/a/b")),
        ("None", "/isapi/a/b", ("/isapi", "/a/b")),
        ("'/isapi/a/b'", "/isapi/a/b", ("/isapi/a/b", "")),
        ("'/isapi/a'", "/isapi/abc", ("", "/isapi/abc")),
        ("'/other'", "/isapi/a", ("", "/isapi/a")),
    ],
)
def test_the_path_is_divided_behind_the_base(site, base, target, divided):
    names = "(environ['SCRIPT_NAME'], environ['PATH_INFO'])"
    assert show(site, names, target, base) == divided


def test_the_environ(site):
    names = "(type(environ), environ['wsgi.multithread'], environ['wsgi.multiprocess'],"
    names += " environ['wsgi.run_once'], environ['wsgi.url_scheme'], environ.get('HTTPS'),"
    names += " environ['HTTP_HOST'], 'APPL_MD_PATH' in environ, environ['QUERY_STRING'])"
    assert show(site, names.replace("type(environ)", "type(environ) is dict"), "/isapi/x?a=1") == (
        *(True, True, False, False, "http", None, "site.example:8000", False, "a=1"),
    )
    more = {"wsgi.url_scheme": "https"}
    assert show(site, "(environ['wsgi.url_scheme'], environ['HTTPS'])", **more) == ("https", "on")


def test_the_input(site):
    names = "(environ['wsgi.input'].readline(), environ['wsgi.input'].readlines(1),"
    names += " list(environ['wsgi.input']))"
    assert show(site, names, body=b"a\nb\nc\nd") == (b"a\n", [b"b\n"], [b"c\n", b"d"])


def test_the_head(site):
    serve(
        site,
        "def app(environ, start_response):\n"
        "    start_response('299 Own words', [('X-A', '1'), ('X-A', '2'), ('Set-Cookie', 'a=b')])\n"
        "    return [b'a', b'b']\n",
    )
    answer = site.get()
    assert (answer.status, answer.body) == (299, b"ab")
    assert answer.fields == [
        ("X-A", "1"),
        ("X-A", "2"),
        ("Set-Cookie", "a=b"),
        ("X-Powered-By", "PyISAPIe-1.1.0.198"),
        ("Content-Length", "2"),
    ]
    assert site.recorder.fields.startswith(b"Own words\r\n")


def test_blocks_leave_as_they_come(site):
    serve(
        site,
        "def app(environ, start_response):\n"
        "    write = start_response('200 OK', [])\n    write(b'a')\n"
        "    yield b'b'\n    yield b''\n    yield b'c'\n",
    )
    answer = site.get()
    assert (answer.body, answer.pieces) == (b"abc", 3)


def test_what_is_opened_is_closed(site):
    serve(
        site,
        "from Http import Env\nclosed = []\n"
        "class Body:\n    def __init__(self, fails): self.fails = fails\n"
        "    def __iter__(self):\n        yield Env.URL.encode()\n"
        "        if self.fails: raise KeyError('late')\n"
        "    def close(self): closed.append(1)\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('X-Closed', str(len(closed)))])\n"
        "    return Body(environ['QUERY_STRING'])\n",
    )
    assert site.get().body == b"/isapi/x"
    answer = site.get("/isapi/x?fails")
    assert (answer.field("X-Closed"), answer.complete, site.recorder.aborted) == ("1", False, True)
    assert site.get().field("X-Closed") == "2"


def test_files(site):
    site.write("data.bin", "x" * 100_000)
    serve(
        site,
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [('X-A', '1')])\n"
        f"    f = open('{site.root}/data.bin', 'rb')\n"
        "    return environ['wsgi.file_wrapper'](f)\n",
    )
    answer = site.get()
    assert (len(answer.body), answer.field("X-A")) == (100_000, "1")
    assert answer.field("X-Powered-By") == "PyISAPIe-1.1.0.198"


ERROR = """
import sys
def app(environ, start_response):
    write = start_response('200 OK', [('X-First', '1')])
    if environ['QUERY_STRING']: write(b'sent')
    try: 1 / 0
    except ZeroDivisionError:
        start_response('503 Busy', [('X-Second', '1')], sys.exc_info())
    return [b'sorry']
"""


def test_an_error_replaces_what_was_not_sent(site):
    serve(site, ERROR)
    answer = site.get()
    assert (answer.status, answer.body) == (503, b"sorry")
    assert (answer.field("X-First"), answer.field("X-Second")) == (None, "1")
    answer = site.get("/isapi/x?late")
    assert (answer.body, answer.complete) == (b"sent", False)
    assert "ZeroDivisionError" in site.recorder.records[-1]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("return None", "returned NoneType"),
        ("return 'text'", "returned str"),
        ("return b'bytes'", "returned bytes"),
        ("return ['text']", "sends str"),
        ("return [5]", "sends int"),
        ("return [b'x']", ""),
        ("start_response('200 OK', []); start_response('200 OK', [])", "called twice"),
        ("start_response('200', [])", "status"),
        ("start_response('200 OK', [('A', 'b\\r\\nC: d')])", "characters that HTTP forbids"),
        ("start_response('200 OK', (('A', 'b'),))", "must be a list"),
        ("start_response('200 OK', [('A', 5)])", "A"),
    ],
)
def test_what_wsgi_forbids(site, lines, message):
    begin = "" if "start_response" in lines or not message else "start_response('200 OK', []); "
    serve(site, f"def app(environ, start_response):\n    {begin}{lines}\n")
    answer = site.get()
    assert (answer.status, answer.field("C")) == (500, None)
    assert (message or "before it calls start_response()") in site.recorder.records[-1]


def test_no_head_at_all(site):
    serve(site, "def app(environ, start_response):\n    return []\n")
    assert site.get().status == 500
    assert "has not called start_response()" in site.recorder.records[-1]


def test_headers_beside_an_application(site):
    serve(site, "def app(e, s):\n    s('201 Created', [('X-App', '1')])\n    return []\n")
    site.write(
        "Isapi.py",
        "from Http import *\nfrom app import app\ndef Request():\n    Header('Set-Cookie: a=b')\n"
        "    return RunWSGI(app)\n",
    )
    answer = site.get()
    assert (answer.status, answer.body) == (201, b"")
    assert (answer.field("Set-Cookie"), answer.field("X-App")) == ("a=b", "1")


def test_applications_side_by_side(site):
    site.write(
        "Isapi.py",
        "from Http.WSGI import Map\n"
        "def make(name):\n"
        "    def app(environ, start_response):\n"
        "        start_response('200 OK', [])\n"
        "        return [f\"{name} {environ['SCRIPT_NAME']} {environ['PATH_INFO']}\".encode()]\n"
        "    return app\n"
        "Request = Map({'/isapi/a': make('a'), '/isapi/a/b/': make('b')})\n",
    )
    assert site.text("/isapi/a") == "a /isapi/a "
    assert site.text("/isapi/a/bc") == "a /isapi/a /bc"
    assert site.text("/isapi/a/b/c") == "b /isapi/a/b /c"
    for path in ("/isapi/x", "/isapi/ab"):
        assert site.get(path).field("X-Taipan-Pass") == "next"
