"""The request of mod_python: members and methods, as a live mod_python answers."""

import base64
import os

import pytest

from support.handler_site import Site, is_passed
from taipan.scripts.mod_python import apache

HEAD = "from mod_python import apache, util\ndef handler(req):\n"


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path, options={"a.b": "c", "empty": ""}, path=[])


def run(site, code, target="/x", **more):
    """The answer of a handler with this body."""
    lines = "".join(f"  {line}\n" for line in code.split("\n"))
    site.write("t.py", f"{HEAD}{lines}  return apache.OK\n")
    return site.get(target, **more)


def show(site, values, target="/x", **more):
    """What expressions are, as a tuple."""
    answer = run(site, f"req.write(repr(({values},)), 0)", target, **more)
    assert answer.status == "200 OK", answer
    return answer.body


def test_the_first_line(site):
    names = "method, method_number, the_request, protocol, proto_num, uri, unparsed_uri, path_info"
    values = ", ".join(f"req.{name}" for name in names.split(", "))
    assert show(site, values, "/t.py/y?q=1") == str(
        (
            *("GET", 0, "GET /t.py/y?q=1 HTTP/1.1", "HTTP/1.1", 1001),
            *("/t.py/y", "/t.py/y?q=1", "/y"),
        )
    )
    numbers = "req.method_number, req.header_only, req.assbackwards"
    assert show(site, numbers, REQUEST_METHOD="POST") == "(2, 0, 0)"
    assert show(site, numbers, REQUEST_METHOD="VERSION-CONTROL") == "(15, 0, 0)"
    assert show(site, numbers, REQUEST_METHOD="FOO") == "(26, 0, 0)"
    assert show(site, "req.args, req.parsed_uri", "/x?q=1", HTTP_HOST="a.test:99") == str(
        ("q=1", (*[None] * 5, 99, "/x", "q=1", None))
    )
    assert show(site, "req.args") == "(None,)"
    slashes = show(site, "req.uri, req.path_info, req.unparsed_uri", "/t.py//y///z")
    assert slashes == "('/t.py/y/z', '/y/z', '/t.py//y///z')"


def test_members_that_nobody_has_set(site):
    expected = {
        "allowed": 0,
        "allowed_methods": (),
        "allowed_xmethods": (),
        "ap_auth_type": None,
        "bytes_sent": 0,
        "chunked": 0,
        "clength": 0,
        "content_encoding": None,
        "content_languages": (),
        "content_type": None,
        "eos_sent": 0,
        "expecting_100": 0,
        "extension": None,
        "handler": "mod_python",
        "main": None,
        "mtime": 0.0,
        "next": None,
        "no_cache": 0,
        "no_local_copy": 0,
        "phase": "PythonHandler",
        "prev": None,
        "proxyreq": 0,
        "range": None,
        "read_body": 0,
        "read_chunked": 0,
        "read_length": 0,
        "remaining": 0,
        "sent_bodyct": 0,
        "status": 200,
        "status_line": None,
        "used_path_info": 2,
        "user": None,
        "vlist_validator": None,
    }
    assert show(site, ", ".join(f"req.{name}" for name in expected)) == str((*expected.values(),))
    assert run(site, "req.mine = 1\nreq.write(str(req.mine))").body == "1"
    assert run(site, "req.nothing").status == "500 Internal Server Error"


def test_the_host_and_urls_of_it(site):
    values = "req.hostname, req.construct_url('/a b'), req.is_https(), req.ssl_var_lookup('HTTPS')"
    assert show(site, values, HTTP_HOST="Ex.Test:99") == str(
        ("ex.test", "http://ex.test:99/a b", 0, None)
    )
    assert show(site, values, HTTP_HOST="ex.test", **{"wsgi.url_scheme": "https"}) == str(
        ("ex.test", "https://ex.test/a b", 1, "on")
    )


@pytest.mark.parametrize("port", ["\xb2", "9" * 5000, "", "x"])
def test_ports_that_are_none(site, port):
    values = "req.parsed_uri[apache.URI_PORT], req.construct_url('/')[:11]"
    assert show(site, values, HTTP_HOST=f"host:{port}") == "(80, 'http://host')"


def test_the_client_and_the_server(site):
    values = ", ".join(
        f"req.connection.{name}"
        for name in "remote_ip client_ip remote_addr client_addr local_addr local_ip local_host"
        " remote_host remote_logname keepalives aborted double_reverse notes".split()
    )
    assert show(site, values, REMOTE_ADDR="9.9.9.9", REMOTE_PORT="5") == str(
        (
            *("9.9.9.9", "9.9.9.9", ("9.9.9.9", 5), ("9.9.9.9", 5), ("localhost", 80)),
            *("localhost", None, None, None, 0, 0, 0, {}),
        )
    )
    same = "req.connection is req.connection, req.server is req.connection.base_server"
    assert show(site, same) == "(True, True)"
    values = "req.server.server_hostname, req.server.port, req.server.timeout, req.server.names"
    assert show(site, values) == "('localhost', 80, 60.0, ())"
    values = "req.server.server_hostname, apache.main_server.server_hostname"
    assert show(site, values, HTTP_HOST="Ex.Test:99") == "('ex.test', 'ex.test')"
    with pytest.raises(AttributeError, match="main_server"):
        apache.main_server  # noqa: B018
    hosts = (
        "req.get_remote_host(), req.get_remote_host(apache.REMOTE_HOST),"
        " req.get_remote_host(apache.REMOTE_NAME, 1)"
    )
    assert show(site, hosts) == "('127.0.0.1', None, ('127.0.0.1', 1))"


def test_options_and_directives(site):
    values = "req.get_options(), req.get_config(), req.server.get_options(), req.document_root()"
    assert show(site, values) == str(({"a.b": "c"}, {}, {"a.b": "c"}, site.root))
    assert show(site, "req.get_options().has_key('A.B'), req.get_options()['a.b']") == "(1, 'c')"


def test_fields_of_the_request(site):
    values = "req.headers_in['x-y'], req.headers_in.get('nope'), 'X-Y' in req.headers_in"
    assert show(site, values, HTTP_X_Y="a, b") == "('a, b', None, True)"


def test_variables_come_when_they_are_added(site):
    code = (
        "req.write(repr(req.subprocess_env), 0)\nreq.add_common_vars()\n"
        "names = req.subprocess_env.keys()\nreq.add_cgi_vars()\n"
        "more = [name for name in req.subprocess_env.keys() if name not in names]\n"
        "req.write(repr((sorted(names), sorted(more))), 0)"
    )
    secret = {"HTTP_AUTHORIZATION": "Basic eDp5", "HTTP_ACCEPT": "*/*", "REMOTE_PORT": "1"}
    common = (
        "CONTEXT_DOCUMENT_ROOT CONTEXT_PREFIX DOCUMENT_ROOT HTTP_ACCEPT PATH REMOTE_ADDR"
        " REMOTE_PORT REQUEST_SCHEME SCRIPT_FILENAME SERVER_ADDR SERVER_ADMIN SERVER_NAME"
        " SERVER_PORT SERVER_SIGNATURE SERVER_SOFTWARE"
    )
    cgi = "GATEWAY_INTERFACE QUERY_STRING REQUEST_METHOD REQUEST_URI SCRIPT_NAME SERVER_PROTOCOL"
    assert run(site, code, **secret).body == "{}" + str((common.split(), cgi.split()))
    assert show(site, "req.add_cgi_vars(), req.subprocess_env['path_info']", "/t.py/z") == str(
        (None, "/z")
    )
    secret = show(site, "apache.build_cgi_env(req)['HTTP_AUTHORIZATION']", **secret)
    assert secret == "('Basic eDp5',)"


def test_the_environ_of_wsgi(site):
    code = "e = req.build_wsgi_env()\nreq.write(repr((e['SCRIPT_NAME'], e['PATH_INFO'],"
    code += " e['wsgi.version'], e['wsgi.input'].read())))"
    assert run(site, code, "/x/y", body=b"abc").body == str(("", "/x/y", (1, 0), b"abc"))
    values = "req.build_wsgi_env('/x')['PATH_INFO'], req.build_wsgi_env('/xa')"
    assert show(site, values, "/x/y") == "('/y', None)"


def test_the_password_of_basic(site):
    value = base64.b64encode("joe:pä:w".encode()).decode()
    values = "req.get_basic_auth_pw(), req.user, req.ap_auth_type"
    assert show(site, values, HTTP_AUTHORIZATION=f"Basic {value}") == "('pä:w', 'joe', 'Basic')"
    for wrong in ("", "Basic", "Basic !", "Bearer x", f"Basic {base64.b64encode(b'x').decode()}"):
        assert show(site, values, HTTP_AUTHORIZATION=wrong) == "(None, None, None)"
    assert show(site, "req.auth_name(), req.auth_type(), req.requires()") == "(None, None, ())"


def test_the_file_of_the_request(site):
    site.write("data", "abc")
    os.chmod(f"{site.root}/data", 0o4751)
    values = (
        "req.finfo[apache.FINFO_FNAME] == req.filename, req.finfo[apache.FINFO_SIZE],"
        " req.finfo.size, req.finfo[apache.FINFO_FILETYPE] == apache.APR_REG,"
        " hex(req.finfo.protection), list(req.finfo)[apache.FINFO_MTIME] > 1e8, len(req.finfo)"
    )
    assert show(site, values, "/data") == "(True, 3, 3, True, '0x8751', True, 13)"
    nothing = "req.finfo.filetype, req.finfo.size, req.finfo[apache.FINFO_FNAME] == req.filename"
    assert show(site, nothing, "/nope") == "(0, None, True)"
    assert show(site, "apache.stat('/nope').filetype, apache.stat('/tmp').filetype") == "(0, 2)"


def test_the_body_is_read_in_pieces(site):
    body = b"line1\nline2\nrest"
    values = (
        "req.read(3), req.read_length, req.remaining, req.readline(), req.readline(2), req.read(0),"
        " req.readlines(1), req.read(), req.read(), req.readline(), req.readlines(), req.remaining"
    )
    assert show(site, values, body=body) == str(
        (*(b"lin", 3, 13, b"e1\n", b"li", b"", [b"ne2\n"], b"rest", b"", b"", [], 0),)
    )
    assert show(site, "req.discard_request_body(), req.read()", body=body) == "(0, b'')"


def test_what_is_written(site):
    answer = run(site, "req.write('é', 0)\nreq.write(b'abc', 0)\nreq.write(bytearray(b'd'), 0)")
    assert (answer.body, answer.fields) == ("éabcd", [])
    for value in ("3", "None"):
        answer = run(site, f"req.write({value})")
        assert answer.status == "500 Internal Server Error"
        assert any("takes str or bytes" in record for record in answer.log)


def test_writing_sends(site):
    code = "before = req.bytes_sent, req.sent_bodyct\nreq.write('ab', 0)\n"
    code += "held = req.bytes_sent, req._bytes_queued\nreq.write('c')\n"
    code += "req.write(repr((before, held, req.bytes_sent, req.sent_bodyct, req.status_line)))"
    assert run(site, code).body == "abc" + str(((0, 0), (0, 2), 3, 1, "200 OK"))


@pytest.mark.parametrize("first", ["req.write('a')", "req.flush()\nreq.write('a', 0)"])
def test_changes_of_the_head_after_the_first_flush_are_lost_and_logged(site, first):
    change = "\nreq.headers_out['X-L'] = '1'\nreq.status = 201"
    answer = run(site, first + change)
    assert (answer.status, answer.fields, answer.body) == ("200 OK", [], "a")
    assert any("too late" in record for record in answer.log)
    answer = run(site, "req.write('a', 0)" + change)
    assert (answer.status, answer.fields) == ("201 Created", [("X-L", "1")])
    assert not any("too late" in record for record in answer.log)
    assert not any("too late" in record for record in run(site, first).log)


def test_the_head(site):
    code = (
        "req.err_headers_out['X-A'] = 'e'\nreq.headers_out['X-A'] = 'o'\n"
        "req.headers_out.add('Set-Cookie', 'a=1')\nreq.headers_out.add('set-cookie', 'b=2')\n"
        "req.headers_out['Content-Type'] = 'a/b'\nreq.set_content_length(1)\nreq.write('x')"
    )
    answer = run(site, code)
    fields = [("X-A", "e"), ("X-A", "o"), ("Set-Cookie", "a=1"), ("set-cookie", "b=2")]
    assert answer.fields == [*fields, ("Content-Type", "a/b"), ("Content-Length", "1")]
    answer = run(site, f"req.content_type = 'c/d'\n{code}")
    assert answer.fields == [("Content-Type", "c/d"), *fields, ("Content-Length", "1")]


def test_handlers_see_whether_the_type_is_set(site):
    code = "before = req._content_type_set\nreq.content_type = 'c/d'\n"
    assert run(site, f"{code}req.write(f'{{before}}{{req._content_type_set}}')").body == "01"


def test_the_line_of_the_status(site):
    assert run(site, "req.status = 201\nreq.status_line = '201 Made it'").status == "201 Made it"
    assert run(site, "req.status_line = '299 Foo'").status == "200 OK"
    for code in ("req.status = '200'", "req.status = None", "req.content_type = 'a\\r\\nb'"):
        assert run(site, code).status == "500 Internal Server Error"


def test_fields_that_members_stand_for(site):
    code = "req.no_cache = 1\nreq.content_encoding = 'gzip'\nreq.content_languages = ('de', 'en')"
    named = run(site, code).named
    assert named["expires"].endswith(" GMT")
    assert (named["content-encoding"], named["content-language"]) == ("gzip", "de, en")


@pytest.mark.parametrize("value", ["a\\r\\nX-B: b", "a\\nb"])
def test_fields_cannot_be_injected(site, value):
    for table in ("headers_out", "err_headers_out"):
        answer = run(site, f"req.{table}['X-A'] = '{value}'\nreq.write('x')")
        assert answer.status == "500 Internal Server Error"
        assert any("value of header X-A" in record for record in answer.log)


def test_methods_that_are_allowed(site):
    code = "req.allow_methods(['GET', 'PUT', 'FOO'])\n"
    answer = run(site, code + "return 405")
    assert answer.named["allow"] == "GET, PUT, HEAD, FOO"
    answer = run(site, code + "req.allow_methods(['POST'], 1)\nreturn 501")
    assert answer.named["allow"] == "POST"
    values = "apache.allow_methods(req, 'PUT', apache.M_POST), req.allowed, req.allowed_methods"
    assert show(site, values) == "(6, 6, ())"
    assert show(site, "apache.allow_methods(apache.M_GET, apache.M_PUT)") == "(3,)"


def test_files_are_sent(site):
    site.write("data.bin", "abcdef")
    path = f"{site.root}/data.bin"
    code = f"n = req.sendfile({path!r}, 1, 3), req.sendfile({path!r}, 4)\nreq.write(repr(n))"
    assert run(site, code).body == "bcdef(3, 2)"
    assert run(site, f"req.sendfile({path + 'x'!r})").status == "500 Internal Server Error"


def test_descriptors_of_the_process_are_not_sent(site):
    with open(f"{site.root}/open", "w+") as stream:
        answer = run(site, f"req.sendfile({stream.fileno()})")
        assert answer.status == "500 Internal Server Error"
        os.fstat(stream.fileno())


def test_redirects(site):
    answer = run(site, "req.headers_out['X-A'] = '1'\nutil.redirect(req, '/x?a=1&b=\"')")
    assert (answer.status, answer.fields) == (
        "302 Found",
        [("Location", '/x?a=1&b="'), ("X-A", "1")],
    )
    link = "/x?a=1&amp;b=&quot;"
    assert answer.body == f'<p>The document has moved <a href="{link}">here</a></p>\n'
    answer = run(site, "util.redirect(req, '/x', 1, 'gone')")
    assert (answer.status, answer.body) == ("301 Moved Permanently", "gone")
    answer = run(site, "req.write('a')\nutil.redirect(req, '/x')")
    assert any("already been sent" in record for record in answer.log)
    assert run(site, "util.redirect(req, b'/x')").status == "500 Internal Server Error"


def test_a_location_alone_is_no_redirect(site):
    answer = run(site, "req.headers_out['Location'] = '/x'")
    assert (answer.status, answer.fields) == ("200 OK", [("Location", "/x")])


def test_redirects_within_the_server(site):
    code = "req.headers_out['X-A'] = '1'\nreq.write('a', 0)\nreq.internal_redirect('/b?c')\n"
    answer = run(site, code + "req.write('d', 0)")
    assert answer.fields == [("Location", "/b?c"), ("X-Taipan-Redirect", "/b?c")]
    assert answer.body == ""
    for wrong in ("'b'", "3", "'/b\\r\\nX: y'"):
        answer = run(site, f"req.internal_redirect({wrong})")
        assert answer.status == "500 Internal Server Error"
    answer = run(site, "req.write('a')\nreq.internal_redirect('/b')")
    assert any("already been sent" in record for record in answer.log)


MTIME = "req.headers_out['ETag'] = '\"one\"'\nreq.update_mtime(1000000000)\nreq.update_mtime(5)\n"
EQUAL, OLDER = "Sun, 09 Sep 2001 01:46:40 GMT", "Sat, 08 Sep 2001 01:46:40 GMT"


@pytest.mark.parametrize(
    ("method", "fields", "expected"),
    [
        ("GET", {}, 0),
        ("GET", {"HTTP_IF_MODIFIED_SINCE": EQUAL}, 304),
        ("POST", {"HTTP_IF_MODIFIED_SINCE": EQUAL}, 0),
        ("GET", {"HTTP_IF_MODIFIED_SINCE": OLDER}, 0),
        ("GET", {"HTTP_IF_MODIFIED_SINCE": "nonsense"}, 0),
        ("GET", {"HTTP_IF_UNMODIFIED_SINCE": EQUAL}, 0),
        ("GET", {"HTTP_IF_UNMODIFIED_SINCE": OLDER}, 412),
        ("GET", {"HTTP_IF_NONE_MATCH": '"one"'}, 304),
        ("GET", {"HTTP_IF_NONE_MATCH": 'W/"one", "x"'}, 304),
        ("GET", {"HTTP_IF_NONE_MATCH": "*"}, 304),
        ("POST", {"HTTP_IF_NONE_MATCH": '"one"'}, 412),
        ("GET", {"HTTP_IF_NONE_MATCH": '"two"', "HTTP_IF_MODIFIED_SINCE": EQUAL}, 0),
        ("GET", {"HTTP_IF_MATCH": '"one"'}, 0),
        ("GET", {"HTTP_IF_MATCH": 'W/"one"'}, 412),
        ("GET", {"HTTP_IF_MATCH": '"two"'}, 412),
    ],
)
def test_conditions(site, method, fields, expected):
    code = MTIME + "req.write(str(req.meets_conditions()), 0)"
    assert run(site, code, REQUEST_METHOD=method, **fields).body == str(expected)


def test_times_and_tags(site):
    answer = run(site, MTIME + "req.set_last_modified()\nreq.write(str(req.mtime), 0)")
    assert (answer.body, answer.named["last-modified"]) == ("1000000000.0", EQUAL)
    first, again = (run(site, "req.set_etag()", "/t.py").named["etag"] for _ in "ab")
    assert first[0] == first[-1] == '"' and "-" in first
    assert first != again
    assert run(site, "req.update_mtime(1)\nreq.set_etag()", "/nope").named["etag"] == '"f4240"'
    assert (
        run(
            site,
            MTIME + "req.no_local_copy = 1\nreq.write(str(req.meets_conditions()))",
            HTTP_IF_NONE_MATCH="*",
        ).body
        == "0"
    )


def test_the_log(site):
    code = (
        "req.log_error('one')\nreq.log_error('two', apache.APLOG_WARNING)\n"
        "req.server.log_error('three', apache.APLOG_NOTICE)\n"
        "req.connection.log_error('four', apache.APLOG_DEBUG | apache.APLOG_NOERRNO)\n"
        "apache.log_error('five')\napache.log_error(6, apache.APLOG_WARNING, req.server)"
    )
    records = ["error: one", "warning: two", "info: three", "debug: four", "error: five"]
    assert run(site, code).log[:6] == [*records, "warning: 6"]


def test_the_log_outside_of_requests(capsys):
    apache.log_error("told")
    assert capsys.readouterr().err == "told\n"


def test_cleanups_run_after_the_response(site):
    code = "out = []\nreq.register_cleanup(req.log_error, 'data')\n"
    code += "req.register_cleanup(lambda data: req.log_error(repr(data)))\nreq.write('x', 0)"
    assert run(site, code).log == ["sent", "error: None", "error: data"]
    assert run(site, "req.register_cleanup(3)").status == "500 Internal Server Error"


def test_a_declined_request_is_passed_on(site):
    assert is_passed(run(site, "req.write('x', 0)\nreturn apache.DECLINED"))


def test_what_the_module_knows_of_its_server(site):
    values = "apache.exists_config_define('X'), apache.config_tree(), apache.mpm_query(3)"
    assert show(site, values) == "(False, [], 1)"
    assert show(site, "apache.mpm_query(99), bool(apache.server_root())") == "(0, True)"
    for code in ("apache.register_cleanup(None)", "req.server.register_cleanup(req, None)"):
        assert run(site, code).status == "500 Internal Server Error"
