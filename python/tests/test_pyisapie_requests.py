"""Requests under PyISAPIe: what `Http` tells and takes."""

import pytest

from support.isapi_sites import IsapiSite


@pytest.fixture
def site(tmp_path):
    return IsapiSite(tmp_path)


def show(site, value, target="/isapi/x", **more):
    """What an expression is while `Request()` runs."""
    site.serve(f"Write(repr({value}))")
    return eval(site.text(target, **more))


def test_a_path_is_not_divided(site):
    site.write("Sub/Page.py", "")
    code = "(Env.URL, Env.PATH_INFO, Env.SCRIPT_NAME)"
    assert show(site, code, "/isapi/Sub/Page.py") == ("/isapi/Sub/Page.py",) * 3
    whole = "/isapi/Sub/Page.py/More"
    assert show(site, code, whole) == (whole, whole, "/isapi/Sub/Page.py")
    assert show(site, code, "/isapi/None/More") == ("/isapi/None/More",) * 3


def test_files_are_named_in_their_case(site):
    site.write("Sub/Page.py", "")
    code = "(Env.SCRIPT_TRANSLATED, Env.PATH_TRANSLATED, Env.APPL_PHYSICAL_PATH)"
    page, folder = f"{site.root}/Sub/Page.py", f"{site.root}/"
    assert show(site, code, "/isapi/Sub/Page.py/More") == (page, f"{page}/More", folder)
    none = f"{site.root}/No/One"
    assert show(site, code, "/isapi/No/One") == (none, none, folder)


@pytest.mark.parametrize("path", ["x/../../../etc/passwd", "Page.py/../Page.py", "x/\0.py", "x/.."])
def test_paths_that_name_no_file(site, path):
    site.write("Page.py", "def Request(): 1 / 0\n")
    code = "(Env.PATH_TRANSLATED, Env.URL)"
    assert show(site, code, f"/isapi/{path}") == ("", f"/isapi/{path}")
    site.write("Isapi.py", "from Http.Isapi import Request\n")
    answer = site.get(f"/isapi/{path.replace('Page.py/..', 'x/..')}")
    assert answer.field("X-Taipan-Pass") == "next"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NOTHING", ""),
        ("HTTP_NOTHING", ""),
        ("CERT_SUBJECT", ""),
        ("QUERY_STRING", "a=1"),
        ("query_string", "a=1"),
        ("REQUEST_METHOD", "GET"),
        ("HTTP_METHOD", "GET"),
        ("HTTPS", "off"),
        ("SERVER_PORT_SECURE", "0"),
        ("SERVER_NAME", "site.example"),
        ("SERVER_PORT", "8000"),
        ("LOCAL_ADDR", "127.0.0.1"),
        ("REMOTE_ADDR", "192.0.2.7"),
        ("REMOTE_HOST", "192.0.2.7"),
        ("APPL_MD_PATH", "/LM/W3SVC/1/ROOT/isapi"),
        ("INSTANCE_ID", "1"),
        ("GATEWAY_INTERFACE", "CGI/1.1"),
        ("SERVER_SOFTWARE", "taipan/test"),
        ("HTTP_X_MINE", "zoë"),
        ("HTTP_CONTENT_TYPE", "a/b"),
        ("HTTP_URL", "/isapi/x?a=1"),
        ("CACHE_URL", "http://site.example:8000/isapi/x?a=1"),
        ("AUTH_USER", "ada"),
        ("LOGON_USER", "ada"),
        ("UNMAPPED_REMOTE_USER", "ada"),
        ("AUTH_PASSWORD", "secret"),
        ("wsgi", ""),
    ],
)
def test_variables(site, name, value):
    more = {
        "HTTP_X_MINE": "zoë".encode().decode("latin-1"),
        "CONTENT_TYPE": "a/b",
        "REMOTE_USER": "ada",
        "HTTP_AUTHORIZATION": "Basic YWRhOnNlY3JldA==",
    }
    assert show(site, f"Env.{name}", "/isapi/x?a=1", **more) == value


def test_variables_of_https(site):
    code = "(Env.HTTPS, Env.SERVER_PORT_SECURE, Env.SERVER_PORT)"
    more = {"wsgi.url_scheme": "https", "HTTP_HOST": "a.test"}
    assert show(site, code, **more) == ("on", "1", "443")


def test_all_headers(site):
    more = {"HTTP_X_MINE": "1", "CONTENT_TYPE": "a/b"}
    assert show(site, "sorted(Env.ALL_HTTP.split('\\n'))", **more) == [
        "",
        "HTTP_CONTENT_TYPE:a/b",
        "HTTP_HOST:site.example:8000",
        "HTTP_X_MINE:1",
    ]
    assert "X-Mine: 1\r\n" in show(site, "Env.ALL_RAW", **more)


def test_states_of_the_response(site):
    code = "(Env.KeepAlive, Env.HeadersSent, Env.DataSent)"
    assert show(site, code) == (True, False, False)
    assert show(site, code, HTTP_CONNECTION="Close")[0] is False
    assert show(site, code, SERVER_PROTOCOL="HTTP/1.0")[0] is False
    assert show(site, code, SERVER_PROTOCOL="HTTP/1.0", HTTP_CONNECTION="keep-alive")[0] is True
    site.serve("Header(Close=True); DisableBuffer(); Write('x')", f"Write(repr({code}))")
    answer = site.get()
    assert answer.body == b"x(False, True, True)"
    assert ("Connection", "close") not in answer.fields


def test_headers_are_gathered(site):
    site.serve(
        "Write('body')",
        "Header('X-A: 1')",
        "Header(['X-B: 2', 'Content-Type: text/plain\\r\\n', ''])",
        "Header(('X-C', '3'), Status=404)",
        "Header([('X-D', 4)]); Header({'X-E': 'ë'}); Header('')",
    )
    answer = site.get()
    assert (answer.status, answer.body) == (404, b"body")
    assert [(name, answer.field(name)) for name in ("X-A", "X-B", "X-C", "X-D")] == [
        ("X-A", "1"),
        ("X-B", "2"),
        ("X-C", "3"),
        ("X-D", "4"),
    ]
    assert answer.field("X-E") == "ë".encode().decode("latin-1")
    assert answer.field("Content-Type") == "text/plain"
    assert answer.field("X-Powered-By").startswith("PyISAPIe-1.1")


def test_usual_headers_are_for_those_who_set_none(site):
    site.serve("Header(Status=201)")
    answer = site.get()
    assert answer.status == 201
    assert answer.field("Content-Type") == "text/html; charset=utf-8"
    site.serve("Header('X-A: 1')")
    assert site.get().field("Content-Type") is None
    site.serve("Header('Content-Type: a/b'); Header('content-type: c/d')")
    assert site.get().field("Content-Type") == "c/d"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("Status=299", "Invalid status code: 299"),
        ("Status=100", "Invalid status code: 100"),
        ("Status='404'", "Invalid status code: '404'"),
        ("Status=True", "Invalid status code"),
        ("Length=-2", "Invalid content length: -2"),
        ("Length='1'", "Invalid content length"),
        ("Close='yes'", "Close is True"),
        ("'nothing'", "is no header"),
        ("['X-A: 1', 'nothing']", "is no header"),
        ("5", "headers are a text"),
        ("b'X-A: 1'", "headers are a text"),
        ("[5]", "is no header"),
        ("'X-A: 1\\r\\nSet-Cookie: a=b'", "has characters that HTTP forbids"),
        ("'X-A: 1\\nSet-Cookie: a=b'", "has characters that HTTP forbids"),
        ("'X A: 1'", "X A"),
        ("'Transfer-Encoding: chunked'", "which the server sets"),
    ],
)
def test_headers_that_are_none(site, call, message):
    site.serve(
        f"try: Header({call}, **({{}} if 'Status' in {call!r} else {{'Status': 404}}))",
        "except ValueError as error: Write(str(error))",
    )
    answer = site.get()
    # Nothing of such a call is taken.
    assert (answer.status, answer.field("X-A"), answer.field("Set-Cookie")) == (200, None, None)
    assert message in answer.body.decode()


def test_no_headers_after_the_first_data(site):
    site.serve("DisableBuffer(); Write('x')", "Header('X-A: 1')")
    answer = site.get()
    assert (answer.body, answer.complete, site.recorder.aborted) == (b"x", False, True)
    assert "Headers already sent" in site.recorder.records[-1]


def test_the_connection_is_closed(site):
    for line in ("Header(Close=True)", "Header('Connection: close')", "Config.KeepAlive = False"):
        site.write(
            "Isapi.py",
            f"from Http import *\n{line if 'Config' in line else ''}\n"
            f"def Request():\n    {'pass' if 'Config' in line else line}\n    Write('x')\n",
        )
        site.get()
        assert site.recorder.closing, line
    site.serve("Header('Connection: keep-alive')")
    site.get()
    assert not site.recorder.closing


def test_a_length_is_for_one_write(site):
    site.serve("Header(Length=4); Write('four')")
    answer = site.get()
    assert (answer.field("Content-Length"), answer.body) == ("4", b"four")
    # Lengths of texts count characters.
    site.serve("Header(Length=4); Write('zoë!')")
    answer = site.get()
    assert (answer.field("Content-Length"), answer.body) == ("5", "zoë!".encode())
    site.serve("Header(Length=5); Write('zoë!')")
    assert site.get().body == "zoë!".encode()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Header(Length=4)", "Write('two')"], "one Write() of that size"),
        (["Header(Length=4)", "Header(Length=4)"], "Content length already set"),
        (["Write('x')", "Header(Length=4)"], "before anything is written"),
        (["Header(Length=4)"], "nothing was written"),
        (["Write(5)"], "takes a text"),
        (["Write(None)"], "takes a text"),
    ],
)
def test_writes_that_are_refused(site, lines, message):
    site.serve(*lines)
    assert site.get().status == 500
    assert message in site.recorder.records[-1]


def test_a_second_write_of_a_length_is_refused(site):
    site.serve(
        "Header(Length=1); Write('x'); Write('')",
        "try: Write('y')",
        "except ValueError as error: assert 'already' in str(error)",
    )
    answer = site.get()
    assert (answer.status, answer.body, site.recorder.records[1:]) == (200, b"x", [])


def test_text_that_is_no_text(site):
    site.serve(
        "for wrong in (5, None, ['a']):",
        "    for kind in (ValueError, TypeError):",
        "        try: Write(wrong)",
        "        except kind: Write('refused ')",
        "Write(b'\\xff'); Write(memoryview(b'm')); Write('ä\\udcff')",
    )
    assert site.get().body == b"refused " * 6 + b"\xffm" + "ä".encode() + b"\xff"


def test_the_body(site):
    body = "zoë".encode() + b"\xff"
    assert show(site, "Read()", body=body) == "zoë\udcff"
    assert show(site, "Read(None)", body=body) == "zoë\udcff"
    assert show(site, "(Read(-1), Read(2), Read(-1), Read(0), Read(5), Read(-1))", body=body) == (
        *(5, "zo", 3, "ë\udcff", "", 0),
    )
    assert show(site, "bytes(Read())", body=body) == body
    assert show(site, "Read().decode('latin-1')", body=body) == body.decode("latin-1")
    site.serve("Write(Read())")
    assert site.get(body=body).body == body


def test_output_that_fits_has_a_length(site):
    site.serve("for _ in range(8): Write('x' * 16384)")
    answer = site.get()
    assert (answer.field("Content-Length"), answer.pieces) == ("131072", 1)
    site.serve("for _ in range(12): Write('x' * 16384)")
    answer = site.get()
    assert (answer.field("Content-Length"), len(answer.body)) == (None, 12 * 16384)
    assert answer.pieces > 1


def test_sizes_of_the_buffer(site):
    def serve(size):
        site.write(
            "Isapi.py",
            f"from Http import *\nConfig.BufferSize = {size}\n"
            "def Request():\n    for _ in range(4): Write('x' * 32)\n",
        )
        return site.get()

    assert serve(128).field("Content-Length") == "128"
    answer = serve(64)
    assert (answer.field("Content-Length"), answer.pieces) == (None, 2)
    assert serve(None).pieces == 4
    for wrong in (63, 131073, "64", 1.5, True):
        assert serve(repr(wrong)).status == 500
        assert "Http.Config.BufferSize is" in site.recorder.records[-1]


def test_the_buffer_can_be_switched_off(site):
    site.serve("Write('a'); Write('b'); DisableBuffer(); DisableBuffer(); Write('c'); Write('d')")
    answer = site.get()
    assert (answer.body, answer.pieces) == (b"abcd", 3)


def test_nothing_is_an_empty_response(site):
    for line in ("pass", "return False", "return 1", "raise SystemExit('bye')"):
        site.serve(line)
        answer = site.get()
        assert (answer.status, answer.body) == (200, b"")
        assert answer.field("Content-Type") == "text/html; charset=utf-8"


def test_true_passes_on(site):
    site.serve("Header('X-A: 1', Status=201); Write('dropped')", "return True")
    answer = site.get()
    assert (answer.field("X-Taipan-Pass"), answer.body, answer.field("X-A")) == ("next", b"", None)
    site.serve("DisableBuffer(); Write('sent')", "return True")
    assert (site.get().complete, site.recorder.aborted) == (False, True)
    assert "returned True after" in site.recorder.records[-1]


def test_errors_are_for_the_log_alone(site):
    site.write(
        "Isapi.py",
        "from Http import Config, Write\nConfig.Debug = True\n"
        "def Request():\n    Write('part')\n    raise KeyError('secret')\n",
    )
    answer = site.get()
    assert (answer.status, answer.body) == (500, b"Internal Server Error\n")
    assert "secret" in site.recorder.records[-1]


def test_the_version(site):
    site.serve(
        "from Http import Version, VersionInfo, Loaded",
        "import PyISAPIe",
        "Write(repr((str(Version), Version.Full, Version.Major, VersionInfo, Loaded,",
        "    PyISAPIe.VersionFull, PyISAPIe.Env is Env, PyISAPIe.Version)))",
    )
    assert eval(site.text()) == (
        *("1.1.0", "1.1.0.198", 1, (1, 1, 0, 198), True, "1.1.0.198", True, "1.1.0"),
    )


def test_names_are_imported_in_all_ways(site):
    site.serve(
        "import Http, Http.Config, Http.WSGI, Http.Regex, Http.Advanced, Http.URL, Http.Watch",
        "from Http import Config as C",
        "Http.Watch.Watch(Http, None)",
        "Write(repr((Http.Env is Env, Http.Config is C, Http.WSGI.RunWSGI is RunWSGI)))",
    )
    assert eval(site.text()) == (True, True, True)


def test_a_page_of_facts(site):
    site.write("Isapi.py", "from Http.Info import Request\n")
    text = site.text("/isapi/x?a=<b>", HTTP_AUTHORIZATION="Basic YWRhOnNlY3JldA==")
    assert "<tr><th>QUERY_STRING<td>a=&lt;b&gt;" in text
    assert "secret" not in text and "YWRh" not in text


def test_nothing_works_without_a_request(site):
    site.serve("Write('x')")
    site.get()
    from taipan.scripts.pyisapie.interface import Env, Write

    for call in (lambda: Env.URL, lambda: Write("x")):
        with pytest.raises(RuntimeError, match="serves no request here"):
            call()
    with pytest.raises(AttributeError):
        Env.__wrapped__  # noqa: B018
