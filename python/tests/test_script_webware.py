"""Pages in the dialect of Webware as they are served."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import pytest

from support.script_pages import PageFolder
from support.sessions import Client, sqlite_settings
from taipan.scripts.request.errors import OutputError
from taipan.scripts.webware.cookie import format_expiry
from taipan.scripts.webware.functions import htmlDecode, htmlEncode
from taipan.scripts.webware.included_urls import find_included, resolve_url
from taipan.scripts.webware.request import split_mount
from taipan.scripts.webware.session import Session


@pytest.fixture
def folder(tmp_path):
    return PageFolder(tmp_path, "webware")


def show(folder, code, target="/page.psp", **more):
    """What the expressions of a page are, one a line."""
    folder.write("page.psp", "".join(f"<%= {line} %>\n" for line in code))
    return folder.text(target, **more).splitlines()


def test_a_page_is_bare_unless_it_is_content(folder):
    folder.write("bare.psp", "<p>\\n</p>")
    status, fields, body = folder.get("/bare.psp")
    assert (status, fields) == ("200 OK", [("Content-type", "text/html; charset=utf-8")])
    assert body == "<p>\\n</p>"
    folder.write("content.psp", '<%@ page method="writeContent" %>text')
    assert "<title>page_content_psp</title>" in folder.text("/content.psp")
    assert "<body style" in folder.text("/content.psp")


def test_a_base_class_beside_the_page(folder):
    folder.write(
        "Site.py", "from Page import Page\nclass Site(Page):\n    def title(self): return 1"
    )
    folder.write("page.psp", '<%@ page imports="Site:Site" extends="Site" %><%= self.title() %>')
    assert folder.text("/page.psp") == "1"
    folder.write("relative.psp", '<%@ page imports=".Site:Site" extends="Site" %><%= 2 %>')
    assert folder.text("/relative.psp") == "2"
    folder.write("old.psp", '<%@ page imports="WebKit.Page" extends="WebKit.Page" %><%= 3 %>')
    assert folder.text("/old.psp") == "3"
    old = time.time() - 10
    os.utime(f"{folder.root}/page.psp", (old, old))
    folder.text("/page.psp")
    folder.write(
        "Site.py", "from Page import Page\nclass Site(Page):\n    def title(self): return 22"
    )
    assert folder.text("/page.psp") == "22"


def test_a_base_class_of_others_is_refused(folder):
    folder.write("page.psp", '<%@ page imports="json:JSONDecoder" extends="JSONDecoder" %>')
    with pytest.raises(TypeError, match="not derived from Page"):
        folder.text("/page.psp")


def test_the_state_of_a_module_lasts(folder):
    folder.write("page.psp", "<psp:file>\nN = []\n</psp:file><% N.append(1) %><%= len(N) %>")
    old = time.time() - 10
    os.utime(f"{folder.root}/page.psp", (old, old))
    assert [folder.text("/page.psp") for _ in range(3)] == ["1", "2", "3"]


def test_two_first_requests_run_the_code_of_a_page_once(folder, monkeypatch):
    monkeypatch.setattr(sys, "made", [], raising=False)
    code = "import sys, time\nsys.made.append(1)\ntime.sleep(0.05)"
    folder.write("page.psp", f"<psp:file>\n{code}\n</psp:file><%= len(sys.made) %>")
    old = time.time() - 10
    os.utime(f"{folder.root}/page.psp", (old, old))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(folder.text, ["/page.psp"] * 4)) == ["1"] * 4


def test_the_request(folder):
    lines = [
        *("req.method()", "req.uri()", "req.queryString()", "req.fields()", "req.field('z', 1)"),
        *("req.value('a')", "req.value('c')", "req.hasValue('z')", "req.cookies()"),
        *("req.urlPath()", "req.extraURLPath()", "req.servletURI()", "req.siteRoot()"),
        *("req.serverURL()", "req.serverURLDir()", "req.hostAndPort()", "req.accept('language')"),
        *("req.remoteUser()", "req.remoteName()", "req.isSecure()", "req.protocol()"),
        *("req.uriWebwareRoot()", "trans.application().contexts()"),
        *("trans.application().plugIns()", "self.application().webwareVersionString()"),
        *("trans.application().setting('x', 1)", "trans.application().serverSidePath('x')"),
        *("req.scriptName()", "req.localName()", "req.localPort()", "req.localAddress()"),
    ]
    environ = {"HTTP_COOKIE": 'c=1; d="a\\"b"; c=2; x', "HTTP_ACCEPT_LANGUAGE": "de, en;q=0.5"}
    assert show(folder, lines, "/page.psp/x?a=1&b=&a=2", **environ) == [
        *("GET", "/page.psp/x?a=1&b=&a=2", "a=1&b=&a=2", "{'a': ['1', '2'], 'b': ''}", "1"),
        *("['1', '2']", "1", "False", "{'c': '1', 'd': 'a\"b'}"),
        *("/page.psp/x", "/x", "/page.psp", "../"),
        *("http://localhost/page.psp/x", "http://localhost/page.psp/", "localhost", "['de', 'en']"),
        *("None", "127.0.0.1", "False", "HTTP/1.1"),
        *(
            "../",
            str({"default": folder.root}),
            "{}",
            "3.1",
            "1",
            f"{folder.root}/x",
            "",
            "localhost",
            "80",
            "localhost",
        ),
    ]


def test_fields_of_the_body_replace_those_of_the_query(folder):
    lines = ["req.fields()", "req.rawInput(True)", "req.fieldStorage().list[0].name"]
    assert show(folder, lines, "/page.psp?a=1&b=2", body=b"a=3&c=")[0] == str(
        {"a": "3", "c": "", "b": "2"}
    )
    assert show(folder, ["req.rawInput().read()"], body=b"raw") == ["b'raw'"]


def test_unknown_names_are_key_errors(folder):
    for code in ("req.field('x')", "req.cookie('x')", "res.header('x')", "req.value('x')"):
        with pytest.raises(KeyError):
            show(folder, [code])


def head_of(folder, code):
    folder.write("page.psp", f"text<%\n{code}\n%>")
    status, fields, body = folder.get("/page.psp")
    return status, dict(fields), body


def test_the_head_of_the_response(folder):
    status, fields, body = head_of(folder, "res.setStatus(404); res.setHeader('x-A', 1)")
    assert (status, fields["X-a"], body) == ("404 Not Found", "1", "text")
    assert head_of(folder, "res.setStatus(418, 'Teapot')")[0] == "418 Teapot"
    assert head_of(folder, "res.setHeader('Location', '/')")[0] == "302 Found"
    assert head_of(folder, "res.setContentType('a/b')")[1] == {"Content-type": "a/b"}
    assert head_of(folder, "res.clearHeaders(); res.mergeTextHeaders('A: b\\nC')")[1] == {"A": "b"}
    status, fields, body = head_of(folder, "self.sendRedirectAndEnd('/x?<')")
    assert (status, fields["Location"]) == ("302 Found", "/x?<")
    assert body.endswith('<a href="/x?&lt;">/x?&lt;</a>.</body></html>')
    for name, code in (("Permanent", 301), ("SeeOther", 303), ("Temporary", 307)):
        assert head_of(folder, f"self.sendRedirect{name}AndEnd('/')")[0].startswith(f"{code} ")
    assert head_of(folder, "res.reset()")[2] == ""
    with pytest.raises(OutputError):
        head_of(folder, "res.setStatus('abc')")


def test_nothing_can_be_added_to_a_head_that_has_left(folder):
    with pytest.raises(ConnectionError, match="already been sent"):
        head_of(folder, "res.flush()\nassert res.isCommitted()\nres.setHeader('a', 'b')")


def test_cookies(folder):
    code = (
        "res.setCookie('a', 'x y', expires=0)\nres.setCookie('b', 1, '', 1e9, True)\n"
        "res.setCookie('n', 1, expires='NOW')\nres.delCookie('a')\nres.delCookie('z', secure=1)\n"
    )
    folder.write("page.psp", f"<%\n{code}%>{{}}<%= sorted(res.cookies()) %>")
    _, fields, body = folder.get("/page.psp")
    gone = "expires=Mon, 01-Jan-1900 00:00:00 GMT; Max-Age=0; Path=/"
    assert [value for name, value in fields if name == "Set-Cookie"] == [
        f'a=""; {gone}',
        "b=1; expires=Sun, 09 Sep 2001 01:46:40 GMT; Secure",
        f'z=""; {gone}; Secure',
    ]
    assert body == "{}['a', 'b', 'z']"
    assert dict(head_of(folder, f"{code}res.clearCookies()")[1]).keys() == {"Content-type"}
    with pytest.raises(ValueError, match="path of the cookie a cannot be '/; Domain=b'"):
        head_of(folder, "res.setCookie('a', 1, path='/; Domain=b')")


def test_expiry_dates():
    date = "Sun, 09 Sep 2001 01:46:40 GMT"
    moment = datetime(2001, 9, 9, 1, 46, 40, tzinfo=timezone.utc)
    for value in (10**9, 1e9, time.gmtime(10**9), tuple(time.gmtime(10**9)), moment, date):
        assert format_expiry(value) == date
    assert format_expiry(None) == format_expiry("ONCLOSE") == ""
    now = datetime.now(timezone.utc)
    for value, seconds in (("+1w", 604_800), ("+3h46m", 13_560), (timedelta(seconds=60), 60)):
        later = parsedate_to_datetime(format_expiry(value)) - now
        assert abs(later.total_seconds() - seconds) < 60
    assert parsedate_to_datetime(format_expiry("NEVER")).year >= now.year + 9
    with pytest.raises(ValueError, match="no duration"):
        format_expiry("+1x")


def test_exceptions_that_are_answers(folder):
    raised = "import HTTPExceptions as http\nraise http.{}"
    status, _, body = head_of(folder, raised.format("HTTPNotFound('<x>')"))
    assert status == "404 Not Found"
    assert "text" not in body and "&lt;x&gt;" in body
    _, fields, _ = head_of(folder, raised.format("HTTPAuthenticationRequired('staff')"))
    assert fields["Www-authenticate"] == 'Basic realm="staff"'
    _, fields, _ = head_of(folder, raised.format("HTTPMovedPermanently('/new')"))
    assert fields["Location"] == "/new"


def test_pages_include_others(folder):
    folder.write("outer.psp", '(<psp:include path="sub/inner.psp"><%= req.urlPath() %>)')
    folder.write(
        "sub/inner.psp", "[<%= (req.urlPath(), req.previousURLPath()) %><% return %>never]"
    )
    assert folder.text("/outer.psp") == "([('/sub/inner.psp', '/outer.psp')/outer.psp)"
    folder.write("text.html", "<%= x %>")
    folder.write("list.py", "")
    folder.write("all.psp", '<psp:include path="text"><psp:include path="/list.py">')
    assert folder.text("/all.psp") == "<%= x %>[list.py]"
    folder.write("to.psp", 'gone<% self.forward("text.html") %>never')
    assert folder.text("/to.psp") == "<%= x %>"
    folder.write("calls.psp", '<%= self.callMethodOfServlet("has.psp", "add", 1, b=2) %>')
    folder.write("has.psp", '<psp:method name="add" params="a, b">return a + b</psp:method>')
    assert folder.text("/calls.psp") == "3"
    folder.write("calls.psp", '<%= self.callMethodOfServlet("text.html", "add") %>')
    with pytest.raises(ValueError, match="is no page"):
        folder.text("/calls.psp")


def test_an_exception_in_an_included_page_ends_all(folder):
    folder.write("outer.psp", 'a<psp:include path="inner.psp">')
    folder.write("inner.psp", "b\n<% 1 / 0 %>")
    with pytest.raises(ZeroDivisionError):
        folder.text("/outer.psp")


@pytest.mark.parametrize(
    "code",
    ['self.includeURL("page.psp")', 'self.forward("/page.psp")', "self.includeURL('./page')"],
)
def test_pages_that_include_each_other_end(folder, code):
    with pytest.raises(RecursionError, match=r"20 deep: \.\.\. (/page(\.psp)? -> )+/page"):
        head_of(folder, code)


@pytest.mark.parametrize(
    "url",
    ["../x.psp", "/../etc/passwd", "sub/../../x", "a/../..", "../../../../../../etc/passwd", ""],
)
def test_urls_stay_in_the_folder(url):
    with pytest.raises(ValueError, match="leaves the folder|names no page"):
        resolve_url("/page.psp", url)


def test_urls_are_relative_to_the_page():
    assert resolve_url("/a/b.psp", "c.psp") == "/a/c.psp"
    assert resolve_url("/a/b.psp/x", "../c.psp") == "/a/c.psp"
    assert resolve_url("/a/b.psp", "/c//./d/../e") == "/c/e"


def test_only_what_a_client_would_get_is_included(folder, tmp_path):
    folder.write("sub/.secret.html", "")
    folder.write(".hidden/x.html", "")
    folder.write("source.pyc", "")
    folder.write("page.psp~", "")
    folder.write("data.db", "")
    folder.write("ok.html", "")
    os.symlink("/etc/passwd", tmp_path / "link.txt")
    os.symlink("ok.html", tmp_path / "inside.html")
    for path in ("/sub/.secret.html", "/.hidden/x.html", "/source.pyc", "/page.psp~", "/data.db"):
        with pytest.raises(FileNotFoundError):
            find_included(folder.root, path, {})
    for path in ("/link.txt", "/sub", "/nothing.psp", "/ok.html/x"):
        with pytest.raises(FileNotFoundError):
            find_included(folder.root, path, {})
    with pytest.raises(FileNotFoundError, match="neither a page nor text"):
        find_included(folder.root, "/inside.html", {".html": "cheetah"})
    assert find_included(folder.root, "/inside.html", {}) == (f"{folder.root}/inside.html", "file")


def test_where_a_folder_is_mounted():
    assert split_mount("/a/sub/x.psp", "/sub/x.psp") == ("/a", "/sub/x.psp")
    assert split_mount("/a/sub/x", "/sub/x.psp") == ("/a", "/sub/x")
    assert split_mount("/a/sub/", "/sub/index.psp") == ("/a", "/sub/")
    assert split_mount("/elsewhere", "/x.psp") == ("/elsewhere", "")


def test_actions_of_forms(folder):
    methods = '<psp:method name="actions">return ["save"]</psp:method>'
    methods += '<psp:method name="save">self.write("saved")</psp:method>'
    folder.write("page.psp", f'<%@ page method="writeContent" %>{methods}default')
    assert "default" in folder.text("/page.psp?_action_drop=1")
    for query in ("_action_save=", "_action_=save", "_action_save.x=1&_action_save.y=1"):
        assert folder.text(f"/page.psp?{query}").endswith("</head>\nsaved</html>\n")


def test_other_methods(folder):
    folder.write("page.psp", "text")
    assert folder.get("/page.psp", REQUEST_METHOD="DELETE")[0] == "501 Not Implemented"
    assert folder.get("/page.psp", REQUEST_METHOD="HEAD")[::2] == ("200 OK", "text")


def test_values_are_escaped_where_that_is_wanted(tmp_path):
    folder = PageFolder(tmp_path, "webware", autoescape=True)
    folder.write(
        "page.psp",
        "<psp:class>\nclass Markup(str):\n    __html__ = str.__str__\n</psp:class>"
        "<%= '<a>' %><%= self.Markup('<b>') %><i><% res.write('<c>') %>",
    )
    assert folder.text("/page.psp") == "&lt;a&gt;<b><i><c>"


def test_functions_of_webware():
    class Own:
        def html(self):
            return "<own>"

    assert htmlEncode('<a b="c">&') == "&lt;a b=&quot;c&quot;&gt;&amp;"
    assert (htmlEncode(None), htmlEncode(Own()), htmlDecode("&lt;")) == ("-", "<own>", "<")


@pytest.mark.usefixtures("session_stores")
def test_the_session_has_the_names_of_webware(tmp_path):
    client = Client(sqlite_settings(tmp_path))
    with client.request() as stored:
        session = Session(stored)
        assert (session.isNew(), session.hasValue("a"), session.value("a", 1)) == (True, False, 1)
        session.setValue("a", [1])
        session["b"] = 2
        session["c"] = 3
        session.setTimeout(60)
    with client.request() as stored:
        session = Session(stored)
        assert (session.isNew(), session.value("a"), session["b"]) == (False, [1], 2)
        assert (session.timeout(), session.identifier() in client.cookies) == (60, True)
        assert session.creationTime() <= session.lastAccessTime()
        assert session.sessionEncode("/x?y") == "/x?y"
        session.delValue("b")
        del session["c"]
        session.value("a").append(2)
    with client.request() as stored:
        session = Session(stored)
        assert (session.values(), "a" in session) == ({"a": [1, 2]}, True)
        with pytest.raises(KeyError):
            session.value("b")
        session.invalidate()
    with client.request() as stored:
        assert Session(stored).values() == {}
