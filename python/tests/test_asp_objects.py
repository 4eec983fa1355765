"""The objects of ASP pages."""

import io
import time
from datetime import datetime, timezone

import pytest

from support.asp_site import AspSite
from taipan.forms import FormError

#: What `print` calls in a process with scripts.
PRINTS = "from taipan.scripts.request import current\ncurrent.current_request().write_printed"
MULTIPART = "multipart/form-data; boundary=x"


@pytest.fixture
def site(tmp_path):
    made = AspSite(tmp_path, mount="/asp")
    yield made
    made.close()


def test_members_are_case_blind(site):
    answer = site.run("Response.write('a')\nResponse.WRITE('b')\nresponse = Response.contenttype")
    assert answer.text == "ab"
    with pytest.raises(AttributeError, match="Response has no member Wirte"):
        site.run("Response.Wirte(1)")
    with pytest.raises(AttributeError, match=r"Response\.Statos cannot be set"):
        site.run("Response.Statos = 1")
    with pytest.raises(AttributeError, match=r"Response\.Write cannot be set"):
        site.run("Response.write = 1")


def test_values_are_written_as_text(site):
    assert site.run("Response.Write(1.5)\nResponse.Write(None)").text == "1.5"
    assert site.show("None") == ""
    assert site.show("'<'") == "<"
    assert site.run("Response.Write(b'a')\nResponse.BinaryWrite(bytes([255]))").bytes == b"a\xff"


def test_values_are_escaped_where_the_route_says_so(tmp_path):
    from taipan.psp.page import PageOptions

    site = AspSite(tmp_path, pages=PageOptions(autoescape=True))
    assert site.show("'<'") == "&lt;"
    site.close()


def test_the_head_by_default(site):
    answer = site.run("pass")
    assert answer.status == "200 OK"
    assert answer.field("Content-Type") == "text/html; charset=utf-8"
    assert answer.field("Cache-Control") == "private"


# Request


def test_fields_of_the_query(site):
    target = "/page.asp?a=1&A=2&b=&c=%C3%A9"
    shown = site.show(
        "repr((str(Request.QueryString('a')), Request.querystring['a'].Count,"
        " Request.QueryString('a')(1), Request.QueryString('a')[2], [*Request.QueryString('a')],"
        " Request.QueryString('b').Count, Request.QueryString('z').Count,"
        " Request.QueryString('z') == '', [*Request.QueryString], Request.QueryString.Count,"
        " Request.QueryString.Key(2), Request.QueryString(3), Request.QueryString('a')(),"
        " str(Request.QueryString), 'B' in Request.QueryString))",
        target,
    )
    assert shown == repr(
        (
            *("1, 2", 2, "1", "2", ["1", "2"], 1, 0, True, ["a", "b", "c"], 3, "b", "é", "1, 2"),
            *("a=1&A=2&b=&c=%C3%A9", True),
        )
    )
    for index in (0, 3, -1):
        with pytest.raises(IndexError):
            site.show(f"Request.QueryString('a')({index})", target)


def test_fields_of_the_form(site):
    body = b"n=%3Cb%3E&n=2&e="
    shown = "repr((Request.Form('n'), Request.Form['N'][2], Request.Form('z'), str(Request.Form)))"
    assert site.show(shown, body=body) == repr(("<b>, 2", "2", "", body.decode()))
    assert site.show("Request.Form.Count") == "0"
    assert site.show("Request.Form('a').upper() + '%s' % Request.Form('a')", body=b"a=x") == "Xx"


def test_forms_with_parts(site):
    part = 'Content-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
    fields = [part % ("a", "", "1"), part % ("f", '; filename="x.txt"', "content")]
    body = "".join(f"--x\r\n{field}" for field in fields).encode() + b"--x--\r\n"
    shown = site.show("Request.Form('a') + Request('f')", body=body, CONTENT_TYPE=MULTIPART)
    assert shown == "1x.txt"


def test_bytes_of_the_body(site):
    code = "repr((Request.TotalBytes, Request.BinaryRead(2), Request.BinaryRead(9), Request('a')))"
    assert site.show(code, body=b"a=123", CONTENT_TYPE="x/y") == repr((5, b"a=", b"123", ""))
    for first, second in (("Form", "BinaryRead()"), ("BinaryRead()", "Form")):
        with pytest.raises(RuntimeError, match="cannot be used after"):
            site.run(f"Request.{first}\nRequest.{second}", body=b"a=1")
    with pytest.raises(ValueError, match="a number of bytes"):
        site.run("Request.BinaryRead(-1)", body=b"a")


def test_all_collections_are_searched(site):
    site.cookies = {"a": "cookie", "b": "cookie", "c": "cookie"}
    code = "[str(Request(n)) for n in 'abc'] + [Request['REQUEST_METHOD'], Request('z')]"
    shown = site.show(code, "/page.asp?a=query", body=b"a=form&b=form")
    assert shown == repr(["query", "form", "cookie", "POST", ""])


def test_cookies_of_the_request(site):
    site.cookies = {"A": "x+y%26", "d": "k=1&l=%C3%A9", "sid": "f" * 32}
    shown = site.show(
        "repr((Request.Cookies('a'), Request.Cookies('a').HasKeys, Request.Cookies['D']['k'],"
        " Request.Cookies('d')('L'), Request.Cookies('d').HasKeys, str(Request.Cookies('d')),"
        " [*Request.Cookies('d')], Request.Cookies('z')('k'), [*Request.Cookies],"
        " Request.Cookies('d')('none'), Request.Cookies('d').Count))"
    )
    assert shown == repr(
        ("x y&", False, "1", "é", True, "k=1&l=%C3%A9", ["k", "l"], "", ["A", "d"], "", 2)
    )


@pytest.mark.parametrize("header", ["=x; ;;a", 'a="1', "\xff=\xfe; a=%zz%", "a" * 9000 + "=;" * 99])
def test_bad_cookies_are_no_errors(site, header):
    assert site.show("len([*Request.Cookies]) < 100", HTTP_COOKIE=header) == "True"


def test_the_environment_of_the_process_is_no_variable(site, monkeypatch):
    monkeypatch.setenv("SECRET_WORD", "secret")
    shown = site.show("Request('SECRET_WORD') + repr([*Request.ServerVariables])")
    assert "SECRET_WORD" not in shown
    assert "secret" not in shown


def test_server_variables(site):
    shown = site.show(
        "repr([str(Request.ServerVariables(n)) for n in ('script_name', 'PATH_INFO', 'URL',"
        " 'APPL_PHYSICAL_PATH', 'HTTPS', 'HTTP_X_A', 'NONE', 'REMOTE_ADDR')])",
        HTTP_X_A="1",
    )
    path = "/asp/page.asp"
    assert shown == repr([path, path, path, f"{site.root}/", "off", "1", "", "127.0.0.1"])
    shown = site.show("Request.ServerVariables('ALL_HTTP')", HTTP_X_A="1", HTTP_AUTHORIZATION="s")
    assert "HTTP_X_A:1\n" in shown
    assert "AUTHORIZATION" not in shown
    raw = site.show("Request.ServerVariables('ALL_RAW')", HTTP_X_A="1", HTTP_AUTHORIZATION="s")
    assert "X-A: 1\r\n" in raw
    assert "uthorization" not in raw
    assert site.show("Server.MapPath(Request.ServerVariables('PATH_INFO'))").endswith("/page.asp")
    assert site.show("Request.ClientCertificate('Subject') == ''") == "True"


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a=" + b"x" * (8 * 1024 * 1024), 413), (b"a=1&" * 2000, 413), (b"a=1", 400)],
)
def test_forms_that_are_refused(site, body, status):
    with pytest.raises(FormError) as caught:
        site.run("Request.Form", body=body, CONTENT_LENGTH=str(max(9, len(body))))
    assert caught.value.status == status


def test_the_item_of_a_value_is_its_text(site):
    shown = site.show(
        "Request.QueryString('a').Item, Request.Form('a').Item(2)", "/page.asp?a=1", body=b"a=x&a=y"
    )
    assert shown == "('1', 'y')"
    site.cookies["c"] = "k=v"
    assert site.show("Request.Cookies('c').Item, Request.Cookies('c').Item('k')") == "('k=v', 'v')"


# Response


def test_buffers(site):
    answer = site.run("Response.Write('a')\nResponse.Clear()\nResponse.Write('b')")
    assert answer.text == "b"
    with pytest.raises(ZeroDivisionError):
        site.run("Response.Write('a' * 100000)\n1/0")
    code = "Response.Buffer = False\nResponse.Write('a')\n"
    late = ("Status = 404", "ContentType = 'a/b'", "AddHeader('A', 'b')", "Redirect('/')")
    for what in (*late, "Cookies['a'] = 1", "Expires = 1", "Charset = 'utf-8'", "Buffer = True"):
        with pytest.raises(RuntimeError, match="after the head of the response was sent"):
            site.run(f"{code}Response.{what}")
    flushed = "Response.Write('a')\nResponse.Flush()\nResponse.Buffer = False"
    with pytest.raises(RuntimeError, match="after the head of the response was sent"):
        site.run(flushed)
    with pytest.raises(RuntimeError, match=r"Clear needs Response\.Buffer"):
        site.run(f"{code}Response.Clear()")


def test_what_is_written_leaves_at_once_without_a_buffer(site):
    off = "Response.Buffer = False\n"
    for write in ("Response.Write('a')", "Response.BinaryWrite(b'a')", f"{PRINTS}('a')"):
        for begin in (off, ""):
            site.sent = b""
            with pytest.raises(ZeroDivisionError):
                site.run(f"{begin}{write}\n1/0")
            assert site.sent == (b"a" if begin else b"")
    with pytest.raises(ZeroDivisionError):
        site.run(f"Response.Write('a')\n{off}Response.Buffer = True\nResponse.Write('b')\n1/0")
    assert site.sent == b""
    assert site.run("Response.Buffer = False\nResponse.Write('a')").field("Content-Length") is None


def test_the_end_of_a_page(site):
    assert site.run("Response.Write('a')\nResponse.End()\nResponse.Write('b')").text == "a"
    swallowed = "try:\n    Response.End()\nexcept:\n    pass\n"
    for write in ("Response.Write('b')", "Response.BinaryWrite(b'b')", f"{PRINTS}('b')"):
        for before in ("", "a"):
            begin = f"Response.Write('{before}')\n" if before else ""
            assert site.run(f"{begin}{swallowed}{write}").text == before
    assert site.run("import sys\nResponse.Write('a')\nsys.exit()").text == "a"


def test_redirects(site):
    answer = site.run(
        "Response.Write('x')\nResponse.Cookies['a'] = 1\nResponse.Redirect('b.asp?c=é d')"
    )
    assert answer.status == "302 Found"
    assert answer.field("Location") == "b.asp?c=%C3%A9%20d"
    assert "a=1; Path=/" in answer.all("Set-Cookie")
    again = site.run("Response.Redirect(Request('REQUEST_URI'))", REQUEST_URI="/\xff")
    assert again.field("Location") == "/%FF"
    assert answer.text.startswith("<h1>Object Moved</h1>")
    assert 'href="/?a=&quot;' in site.run("Response.Redirect('/?a=&quot;')").text.replace(
        "&amp;", "&"
    )


@pytest.mark.parametrize(
    "code",
    [
        "Redirect('/\\r\\nX-A: 1')",
        "AddHeader('A', 'b\\r\\nX-A: 1')",
        "AddHeader('A\\n', 'b')",
        "AddHeader('A', 'é\\u20ac')",
        "Cookies('a').Path = '/; HttpOnly'",
        "Cookies('a').Domain = 'a\\r\\nX-A: 1'",
        "Cookies('a').SameSite = 'x'",
        "Cookies('a').Expires = 'soon'",
        "Cookies['']",
        "ContentType = 'a\\nb'",
        "Charset = 'a\\nb'",
        "Status = '404 a\\nb'",
        "Status = 'gone'",
        "Status = 99",
        "CacheControl = 'a\\n'",
        "ExpiresAbsolute = 'soon'",
        "CodePage = 3",
        "Expires = 1e300",
    ],
)
def test_what_no_header_may_have(site, code):
    with pytest.raises((ValueError, OverflowError)):
        site.run(f"Response.{code}")


def test_cookies_of_the_response(site):
    answer = site.run(
        "Response.Cookies['a'] = 'x y;\\r\\n='\nResponse.Cookies('d')['k'] = 'v&'\n"
        "Response.Cookies('D')['l'] = 2\nc = Response.Cookies('e')\nc.value = 'z'\n"
        "c.Expires = 'May 31, 2030'\nc.path = '/x'\nc.Domain = 'a.test'\nc.Secure = True\n"
        "c.HttpOnly = True\nc.SameSite = 'strict'\n"
        "Response.Write([Response.Cookies.Count, *Response.Cookies, Response.Cookies('d')('k'),"
        " Response.Cookies('d').HasKeys, c.Secure, str(c)])"
    )
    cookies = answer.all("Set-Cookie")
    assert cookies[:2] == ["a=x+y%3B%0D%0A%3D; Path=/", "d=k=v%26&l=2; Path=/"]
    assert cookies[2].startswith("e=z; Path=/x; Expires=Fri, 31 May 2030 ")
    assert cookies[2].endswith("; Domain=a.test; Secure; HttpOnly; SameSite=Strict")
    assert answer.text == "[3, 'a', 'd', 'e', 'v&', True, True, 'z']"
    shown = site.show("Request.Cookies('a') + Request.Cookies('d')('k')")
    assert shown == "x y;\r\n=v&"


def test_the_head_of_the_response(site):
    answer = site.run(
        "Response.Status = '404 Not Here'\nResponse.ContentType = 'text/plain'\n"
        "Response.Charset = 'iso-8859-1'\nResponse.AddHeader('X-A', 1)\n"
        "Response.AddHeader('X-A', 2)\nResponse.CacheControl = 'no-store'\n"
        "Response.ExpiresAbsolute = __import__('datetime').datetime(2030, 1, 2, 3)\n"
        "Response.PICS('label')\nResponse.Write('é')"
    )
    assert answer.status == "404 Not Here"
    assert answer.field("Content-Type") == "text/plain; charset=iso-8859-1"
    assert answer.bytes == b"\xe9"
    assert answer.all("X-A") == ["1", "2"]
    assert answer.field("Cache-Control") == "no-store"
    local = datetime(2030, 1, 2, 3).astimezone(timezone.utc)
    assert answer.field("Expires") == local.strftime("%a, %d %b %Y %H:%M:%S GMT")
    assert answer.field("PICS-Label") == "label"
    answer = site.run("Response.Expires = -60\nResponse.Status = 404\nResponse.ContentType = 'a/b'")
    assert answer.status == "404 Not Found"
    assert answer.field("Content-Type") == "a/b"
    from email.utils import parsedate_to_datetime

    age = time.time() - parsedate_to_datetime(answer.field("Expires")).timestamp()
    assert 3595 < age < 3700


def test_code_pages_of_responses_and_forms(site):
    site.write(
        "page.asp",
        "<%@ CodePage=1252 %><%= Request.Form('a') %>€ \N{SNOWMAN}".encode("cp1252", "ignore"),
    )
    answer = site.get(body=b"a=%E9")
    assert answer.bytes == "é€ ".encode("cp1252")
    assert answer.field("Content-Type") == "text/html; charset=windows-1252"
    answer = site.run("Response.CodePage = 1252\nResponse.Write('\\u2603')")
    assert answer.bytes == b"&#9731;"


def test_the_log_and_the_client(site):
    answer = site.run(
        "Response.AppendToLog('noted')\n"
        "Response.Write([bool(Response.IsClientConnected), Response.IsClientConnected()])"
    )
    assert answer.text == "[True, True]"
    assert ("info", "noted") in site.log.records


# Server


def test_encoders(site):
    assert site.show("""Server.HTMLEncode('<a href="x">\\'&')""") == (
        "&lt;a href=&quot;x&quot;&gt;&#39;&amp;"
    )
    assert site.show("Server.URLEncode('a b&é/')") == "a+b%26%C3%A9%2F"
    assert site.show("Server.URLPathEncode('/a b')") == "/a%20b"
    assert site.show("Server.HTMLEncode(None) + Server.URLEncode(None)") == ""


def test_paths(site):
    site.write("sub/page.asp", "<%= Server.MapPath('x.txt') %>")
    assert site.get("/sub/page.asp").text == f"{site.root}/sub/x.txt"
    for path in ("/x.txt", "x.txt", "/asp/x.txt", "sub/../x.txt", "\\\\x.txt"):
        assert site.show(f"Server.MapPath('{path}')") == f"{site.root}/x.txt"
    assert site.show("Server.MapPath('/')") == site.root
    for path in ("../x", "/../x", "C:\\\\x", "a\\0b", "/asp/../../x"):
        with pytest.raises(ValueError, match="MapPath"):
            site.show(f"Server.MapPath('{path}')")


def test_there_is_no_com(site):
    with pytest.raises(NotImplementedError, match=r"there is no COM here; use smtplib"):
        site.run("Server.CreateObject('CDO.Message')")
    with pytest.raises(NotImplementedError, match="use a module of Python"):
        site.run("Server.CreateObject('Some.Thing')")


def test_other_pages_are_executed(site):
    site.write("sub/part.asp", "[<%= name %>]<% Response.Write(Request('a')) %>")
    with pytest.raises(NameError):
        site.run("name = 1\nServer.Execute('sub/part.asp')")
    site.write("sub/part.asp", "[<%= Request('a') %>]")
    site.write("text.html", "text")
    site.write("script.py", "")
    code = "Server.Execute('sub/part.asp')\nServer.Execute('/asp/text.html')\n"
    code += "Server.Execute('/script.py')\nResponse.Write('.')"
    assert site.run(code, "/page.asp?a=1").text == "[1]text(script.py)."
    site.write("end.asp", "<% Response.End() %>")
    assert (
        site.run("Response.Write('a')\nServer.Execute('end.asp')\nResponse.Write('b')").text == "a"
    )
    assert site.run("Response.Write('a')\nServer.Transfer('sub/part.asp')\nx").text == "a[]"
    for path in ("none.asp", ".hidden.asp", "../x.asp", "part.asp?a=1"):
        with pytest.raises((ValueError, FileNotFoundError)):
            site.run(f"Server.Execute('{path}')")
    site.write("data.bin", b"\0")
    with pytest.raises(ValueError, match="neither a page nor text"):
        site.run("Server.Execute('data.bin')")
    # Others run them, and sources are no text for clients.
    site.settings.kinds.pop(".py")
    site.settings.kinds[".html"] = "psp"
    site.write("tool.sh", "key = 1")
    for path in ("text.html", "script.py", "tool.sh"):
        with pytest.raises(ValueError, match="neither a page nor text"):
            site.run(f"Server.Execute('{path}')")
    with pytest.raises(RecursionError, match="more than 20 deep"):
        site.run("Server.Execute('page.asp')")


def test_the_last_error(site):
    code = "(Server.GetLastError().Number, Server.GetLastError().Description)"
    assert site.show(code) == "(0, '')"
    shown = site.show(code, REDIRECT_STATUS="404", REDIRECT_ERROR_NOTES="Not Found")
    assert shown == "(404, 'Not Found')"


def test_modules_and_old_imports(site):
    site.write("tools.py", "def f():\n    return 'f'\n")
    code = "from win32com.axscript.asputil import *\nimport tools\n"
    code += "Response.Write(iif(1, tools.f(), 0))"
    assert site.run(code).text == "f"


def test_the_last_script_timeout_is_what_was_set(site):
    assert site.run("Server.ScriptTimeout = 5\nResponse.Write(Server.ScriptTimeout)").text == "5"


def test_a_body_of_unknown_length_has_none(site):
    assert site.show("Request.TotalBytes", CONTENT_LENGTH="x") == "0"
    empty = io.BytesIO()
    assert site.show("repr(Request.BinaryRead())", **{"wsgi.input": empty}) == "b''"
