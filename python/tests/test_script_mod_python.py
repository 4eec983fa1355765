"""Pages in the dialect of mod_python as they are served."""

import pytest

from support.script_pages import PageFolder


@pytest.fixture
def folder(tmp_path):
    return PageFolder(tmp_path)


def run(folder, code, target="/page.psp", **more):
    folder.write("page.psp", f"text<%\n{code}\n%>")
    return folder.get(target, **more)


def show(folder, value, target="/page.psp", **more):
    """What an expression of a page is."""
    folder.write("page.psp", f"<%= {value} %>")
    return folder.text(target, **more)


def test_the_head_of_the_response(folder):
    code = (
        "req.status = 201\nreq.content_type = 'a/b'\nreq.headers_out['X-A'] = '1'\n"
        "req.headers_out.add('x-a', '2')\nreq.err_headers_out['X-E'] = '3'\n"
        "req.headers_out['X-G'] = ''\ndel req.headers_out['x-g']"
    )
    status, fields, body = run(folder, code)
    assert (status, body) == ("201 Created", "text")
    assert fields == [("Content-Type", "a/b"), ("X-E", "3"), ("X-A", "1"), ("x-a", "2")]


def test_names_of_every_page(folder):
    folder.write("page.psp", "<%\ndef f():\n  return form, session\n# x\n%><%= f() %>")
    assert folder.text("/page.psp") == "(None, None)"
    code = "(__name__, util.FieldStorage(req) is form, os.sep, escape('<'))"
    assert show(folder, code) == str(("mod_python.psp", True, "/", "&lt;"))
    code = "from mod_python import apache as a, psp as p\nimport mod_python.util\n"
    code += "req.write(repr((a is apache, p.PSP is PSP, mod_python.util is util)))"
    assert run(folder, code)[2] == "text(True, True, True)"


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("a.test", "a.test"),
        ("a.test:80", "a.test"),
        ("a.test:", "a.test"),
        ("[::1]", "[::1]"),
        ("[::1]:80", "[::1]"),
    ],
)
def test_the_host_of_the_request_is_without_its_port(folder, host, expected):
    assert show(folder, "req.hostname", HTTP_HOST=host) == expected


def test_the_form_is_text(folder):
    body = b"a=3&c="
    values = {
        "form['a'], form['a'].value, form[b'a'].decode(), form['a'].filename": (
            *("1", "1", "1", None),
        ),
        "form.get('z'), form.get('z', 4), form.getfirst('z'), form.getlist('z')": (
            *(None, 4, None, []),
        ),
        "form.keys(), len(form), form.has_key('a'), 'z' in form, [*form]": (
            *(["a", "b"], 2, True, False, ["a", "b"]),
        ),
        "form.getvalue('a'), form.getvalue('z'), form['a'].file.read()": ("1", None, b"1"),
    }
    for code, expected in values.items():
        assert show(folder, f"repr(({code}))", "/page.psp?a=1&b=") == repr(expected)
    code = "form.getlist('a'), form.getfirst('a'), form.items()"
    assert show(folder, f"({code})", "/page.psp?a=1&b=2", body=body) == str(
        (["1", "3"], "1", [("a", "1"), ("b", "2"), ("a", "3"), ("c", "")])
    )
    with pytest.raises(KeyError):
        show(folder, "form['z']")
    code = "form['a'] = 'x'\nform.add_field('a', 'y')\ndel form['b']\nreq.write(repr(form))"
    assert run(folder, code, "/page.psp?a=1&b=")[2] == "text{'a': ['x', 'y']}"
    assert run(folder, "form.clear()\nreq.write(str(len(form)))", "/page.psp?a=1")[2] == "text0"


def test_an_upload_has_its_file(folder):
    head = b'Content-Disposition: form-data; name="f"; filename="a.txt"'
    body = b"--x\r\n%s\r\n\r\nbytes\r\n--x--\r\n" % head
    kind = "multipart/form-data; boundary=x"
    code = "(form['f'].filename, form['f'].value, form['f'].file.read(), form.getvalue('f'))"
    assert show(folder, code, body=body, CONTENT_TYPE=kind) == str(
        ("a.txt", b"bytes", b"bytes", b"bytes")
    )


def test_data_is_applied_to_functions(folder):
    page = "<%\ndef f(a, b='d', *, req=None):\n    return a, b, req is not None\n# x\n%>"
    folder.write("page.psp", page + "<%= psp.apply_data(f) %>")
    assert folder.text("/page.psp?a=1&c=3") == "('1', 'd', True)"
    assert folder.text("/page.psp?a=1&a=2&b=3") == "(['1', '2'], '3', True)"
    code = "psp.apply_data(lambda **names: sorted(names))"
    assert show(folder, code, "/page.psp?z=1") == "['req', 'z']"
    assert show(folder, "psp.apply_data(dict)", "/page.psp?z=1") == "{}"


def test_a_page_ends_with_a_status(folder):
    code = "req.headers_out['X-A'] = '1'\nreq.err_headers_out['X-E'] = '1'\nraise {}"
    status, fields, body = run(folder, code.format("apache.SERVER_RETURN(apache.HTTP_FORBIDDEN)"))
    assert (status, body) == ("403 Forbidden", "Forbidden\n")
    assert [name for name, _ in fields] == ["Content-Type", "X-E"]
    for end in ("apache.SERVER_RETURN(apache.OK)", "apache.SERVER_RETURN", "SystemExit"):
        assert run(folder, code.format(end))[::2] == ("200 OK", "text")
    with pytest.raises(ValueError, match="a status from 300 to 599"):
        run(folder, code.format("apache.SERVER_RETURN('x')"))


def test_redirects(folder):
    status, fields, body = run(folder, "psp.redirect('/x')")
    assert (status, body) == ("302 Found", "")
    assert ("Location", "/x") in fields
    assert run(folder, "util.redirect(req, '/x', 1, 'gone')")[::2] == (
        "301 Moved Permanently",
        "gone",
    )
    with pytest.raises(OSError, match="already been sent"):
        run(folder, "req.flush()\npsp.redirect('/x')")


def test_error_pages(folder):
    folder.write("error.psp", "<%= exception[0].__name__ %>")
    for name in ("error.psp", "/error.psp"):
        code = f"psp.set_error_page({name!r})\n1 / 0"
        assert run(folder, code)[::2] == ("500 Internal Server Error", "ZeroDivisionError")
    with pytest.raises(ZeroDivisionError):
        run(folder, "psp.set_error_page('error.psp')\nreq.flush()\n1 / 0")


def test_pages_as_templates(folder):
    folder.write("part.psp", "[<%= v %>]")
    code = "PSP(req, 'part.psp', vars={'v': 1}).run()\nPSP(req, 'part.psp').run({'v': 2}, 1)"
    assert run(folder, code)[2] == "text[1][2]"
    text = "b'<' + b'%= v %' + b'>'"
    assert run(folder, f"PSP(req, string={text}, vars={{'v': 3}}).run()")[2] == "text3"
    assert show(folder, "PSP(req, string='x')") == "x"
    assert run(folder, "PSP(req, 'nowhere.psp')")[0] == "404 Not Found"
    with pytest.raises(ValueError, match="either filename or string"):
        run(folder, "PSP(req, 'part.psp', 'x')")
    with pytest.raises(RecursionError):
        run(folder, "PSP(req).run()")


def test_the_request(folder):
    values = (
        "req.method, req.uri, req.args, req.path_info, req.the_request, req.document_root(),"
        " req.connection.remote_ip, req.server.port, req.get_options(), req.get_config(),"
        " req.parsed_uri[5:], req.is_https(), req.get_remote_host(), req.sent_bodyct"
    )
    assert show(folder, f"({values})", "/page.psp/x?q=1") == str(
        (
            *("GET", "/page.psp/x", "q=1", "/x", "GET /page.psp/x?q=1 HTTP/1.1", folder.root),
            *("127.0.0.1", 80, {}, {}, (80, "/page.psp/x", "q=1", None), 0, "127.0.0.1", 0),
        )
    )


def test_files_are_sent(folder):
    folder.write("data.bin", "abcdef")
    path = f"{folder.root}/data.bin"
    code = f"req.sendfile({path!r})\nreq.sendfile({path!r}, 1, 3)\nreq.write(b'!')"
    assert run(folder, code)[2] == "textabcdefbcd!"


def test_the_log(folder):
    run(folder, "req.log_error('told')")
    assert folder.log.records == [("error", "told")]


def test_cleanups_of_pages(folder):
    code = "req.register_cleanup(req.log_error, 'one')\nreq.register_cleanup(lambda data: 1 / 0)"
    run(folder, code)
    failed = "a cleanup has failed: ZeroDivisionError: division by zero"
    assert folder.log.records == [("error", failed), ("error", "one")]
