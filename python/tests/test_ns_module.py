"""The module `Ns` of old pages."""

import sys
import time

import pytest

from support.connections import Lab
from taipan.loader.code_cache import CodeCache
from taipan.ns import module as Ns  # noqa: N812
from taipan.pools.errors import PoolError
from taipan.scripts.modules.folder_modules import FolderModules
from taipan.scripts.request.current import PRINT

CONFIG = {"ns/server/main": {"Max": "12", "on": "Yes", "off": "0", "text": "x"}}


class NsLab(Lab):
    """Has a current request, as scripts have."""

    def ask(self, question, **environ):
        found = []

        def script(conn, out):
            before = PRINT.set(self.request.write_printed)
            try:
                found.append(question(Ns.GetConn()))
            finally:
                PRINT.reset(before)
            if not self.request.output.answered and not self.request.output.begun:
                conn.return_ok()

        answer = self.get(script, **environ)
        assert not self.recorder.records, self.recorder.records
        return found[0], answer


@pytest.fixture
def lab(tmp_path):
    return NsLab(str(tmp_path), mount="/tools", config=CONFIG, started=time.time() - 100)


def test_it_is_there_for_scripts(tmp_path):
    names = {"__builtins__": FolderModules(str(tmp_path), CodeCache()).refresh(), "__name__": "x"}
    exec("import Ns\nfrom Ns import *\nfrom Ns import GetConn as get", names)
    assert names["Ns"] is Ns and names["get"] is Ns.GetConn and names["OK"] == 0
    assert "Ns" not in sys.modules


def test_facts_have_their_old_names(lab):
    def facts(conn):
        assert isinstance(conn, Ns.Conn)
        assert conn.authUser == conn.AuthUser() == "ada"
        assert conn.authPasswd == conn.AuthPasswd() == "x"
        assert conn.contentLength == conn.ContentLength() == 3
        assert (conn.Peer(), conn.PeerPort()) == ("192.0.2.7", 4321)
        assert conn.Location() == "http://site.example:8000"
        assert (conn.Server(), conn.Host(), conn.Port()) == ("site.example", "site.example", 8000)
        assert (conn.DriverName(), conn.flags) == ("nssock", 0)
        assert (conn.Read(1), conn.ReadLine(), conn.CopyToDString()) == (b"a", b"bc", b"")
        assert conn.FlushContent() == Ns.OK
        assert conn.request is conn.Request()
        assert isinstance(conn.request, Ns.Request)
        assert (conn.request.urlc, conn.request.urlv) == (2, ["x.py", "more"])
        assert conn.request.SkipUrl(1) == "/more"
        conn.request.SetRequestUrl("/other?a")
        assert (conn.request.url, conn.request.query) == ("/other", "a")
        assert conn.headers is conn.Headers()
        assert conn.headers.IGet("host") == "site.example:8000" and conn.headers.Get("host") is None
        assert isinstance(conn.GetQuery(), Ns.Set) and conn.GetQuery()["q"] == "1"
        assert conn.ModifiedSince(0)

    more = {"PATH_INFO": "/more", "QUERY_STRING": "q=1", "body": b"abc"}
    lab.ask(facts, HTTP_AUTHORIZATION="Basic YWRhOng=", **more)
    assert lab.ask(lambda conn: conn.DriverName(), **{"wsgi.url_scheme": "https"})[0] == "nsssl"


def test_bodies_are_copied_by_the_arguments_of_the_c_interface(lab, tmp_path):
    def copy(conn):
        with open(tmp_path / "copy", "wb") as file:
            assert conn.CopyToFile(2, file) == Ns.OK
        with open(tmp_path / "copy", "ab") as file:
            assert conn.CopyToFd(3, file.fileno()) == Ns.OK

    lab.ask(copy, body=b"abcdef")
    assert (tmp_path / "copy").read_bytes() == b"abcde"


def test_answers_have_their_old_names(lab):
    def reply(conn):
        assert conn.SetHeaders("X-A", "1") == Ns.OK
        conn.CondSetHeaders("x-a", "2")
        conn.outputheaders.Put("Set-Cookie", "a=b")
        assert isinstance(conn.OutputHeaders(), Ns.Set)
        assert conn.ReturnHtml(201, "<p>") == Ns.OK
        assert (conn.ResponseStatus(), conn.ResponseLength(), conn.ContentSent()) == (201, 3, 0)

    answer = lab.ask(reply)[1]
    assert (answer.status, answer.body) == (201, b"<p>")
    assert answer.fields[:2] == [("X-A", "1"), ("Set-Cookie", "a=b")]

    def stream(conn):
        conn.ReplaceHeaders(Ns.Set("x", [("X-B", "2")]))
        conn.SetRequiredHeaders("text/plain", 5)
        conn.SetExpiresHeader("0")
        assert conn.FlushHeaders(202) == Ns.OK
        assert (conn.Write("ab"), conn.WriteConn("cd"), conn.PrintfHeader("%s", "e")) == (2, 0, 1)

    answer = lab.ask(stream)[1]
    assert (answer.status, answer.body, answer.field("x-b")) == (202, b"abcde", "2")


def test_notices_are_html(lab):
    answer = lab.ask(lambda conn: conn.ReturnNotice(200, "<T>", "<b>M</b>"))[1]
    assert b"<h1>&lt;T&gt;</h1>\n<p><b>M</b></p>" in answer.body
    answer = lab.ask(lambda conn: conn.ReturnAdminNotice(500, None, "<b>M</b>"))[1]
    assert b"<h1>Internal Server Error</h1>\n<p><b>M</b></p>" in answer.body
    assert b"&lt;b&gt;" in lab.ask(lambda conn: conn.ReturnBadRequest("<b>"))[1].body


def test_what_has_no_meaning_says_what_to_use(lab):
    def call(conn):
        for name in ("ReadHeaders", "Sock", "DriverContext", "ConstructHeaders", "TclEval"):
            with pytest.raises(NotImplementedError, match=f"^Conn.{name} does not exist in Taipan"):
                getattr(conn, name)("x", 1)

    lab.ask(call)
    for name in ("Encrypt", "StopServer", "InfoErrorLog", "RegisterReturn", "TclEval", "SockSend"):
        with pytest.raises(NotImplementedError, match=f"^{name} does not exist in Taipan: .*"):
            getattr(Ns, name)("x")
    with pytest.raises(AttributeError, match="'Nothing'"):
        Ns.Nothing  # noqa: B018


def test_every_public_name_is_there():
    assert len(Ns.__all__) == len(set(Ns.__all__))
    for name in Ns.__all__:
        assert getattr(Ns, name) is not None


def test_sets_have_their_old_names(capsys):
    fields = Ns.Set("name")
    assert fields.Put("A", "1") == 0 and fields.Put("a", "2") == 1 and fields.Put("B", "3") == 2
    assert (fields.Get("a"), fields.IGet("b"), fields.Get("b")) == ("2", "3", None)
    assert (fields.Find("a"), fields.IFind("a"), fields.Find("x")) == (1, 0, -1)
    assert fields.Unique("a") and not fields.IUnique("a")
    assert (fields.Size(), fields.Last(), fields.Name()) == (3, 2, "name")
    assert (fields.Key(0), fields.Value(2)) == ("A", "3")
    assert fields.Update("a", "9") == 2 and fields.keys() == ["A", "B", "a"]
    assert fields.IUpdate("b", "8") == 2 and fields.keys() == ["A", "a", "b"]
    fields.PutValue(0, "first")
    other = fields.Copy("other")
    assert (other.Name(), fields.Copy().Name(), other.items()) == ("other", "name", fields.items())
    fields.DeleteKey("a")
    fields.IDeleteKey("B")
    assert fields.items() == [("A", "first")]
    fields.Merge(other)
    assert fields.keys() == ["A", "b"] and fields.dict() == {"A": "first", "b": "8"}
    fields.Move(other)
    assert (fields.Size(), other.Size()) == (5, 0)
    with pytest.raises(KeyError):
        fields.dict()
    fields.Delete(0)
    fields.Trunc(1)
    assert fields.items() == [("b", "8")]
    assert fields.Print() == Ns.OK
    assert capsys.readouterr().err == "name:\nb: 8\n"


def test_the_log_has_severities(lab):
    def write(conn):
        for severity in (Ns.Notice, Ns.Warning, Ns.Error, Ns.Fatal, Ns.Bug, Ns.Debug, "warning"):
            assert Ns.Log(severity, "text 100%") == Ns.OK
        Ns.Log("Notice", "%s-%d", "a", 1)
        with pytest.raises(ValueError, match="severity 9"):
            Ns.Log(9, "")
        found, lab.recorder.records = lab.recorder.records, []
        return found

    assert lab.ask(write)[0] == [
        "info: text 100%",
        "warning: text 100%",
        "error: text 100%",
        "error: fatal: text 100%",
        "error: bug: text 100%",
        "debug: text 100%",
        "warning: text 100%",
        "info: a-1",
    ]


def test_values_of_the_configuration(lab):
    def read(_):
        section = Ns.ConfigGetPath("main")
        assert section == "ns/server/main"
        assert Ns.ConfigGetPath("main", "db", "x") == "ns/server/main/module/db/x"
        assert Ns.ConfigGetPath() == "ns"
        assert Ns.ConfigGetValue("NS/Server/Main", "max") == "12"
        assert Ns.ConfigGetValueExact(section, "max") is None
        assert Ns.ConfigGetInt(section, "max") == Ns.ConfigGetValueInt(section, "MAX") == 12
        assert Ns.ConfigGetInt(section, "text") is Ns.ConfigGetInt(section, "none") is None
        bools = [Ns.ConfigGetBool(section, key) for key in ("on", "off", "text", "none")]
        assert bools == [True, False, None, None]
        assert Ns.ConfigGetSection("none") is Ns.ConfigGetValue("none", "x") is None
        assert [found.name for found in Ns.ConfigGetSections()] == [section]
        return Ns.ConfigGetSection(section).items()

    assert lab.ask(read)[0] == list(CONFIG["ns/server/main"].items())


def test_facts_of_the_server(lab, tmp_path):
    def read(_):
        assert Ns.InfoHomePath() == Ns.PageRoot() == str(tmp_path)
        assert (Ns.InfoServerName(), Ns.InfoServerVersion()) == ("taipan", "test")
        assert (Ns.InfoTag(), Ns.InfoAddress()) == ("taipan/test", "127.0.0.1")
        assert Ns.InfoPid() > 0 and Ns.InfoPlatform() == sys.platform
        assert 100 <= Ns.InfoUptime() < 160 and Ns.InfoBootTime() < time.time()
        assert Ns.InfoHostname() and Ns.InfoStarted() and not Ns.InfoShutdownPending()
        assert Ns.WaitForStartup() == Ns.OK

    lab.ask(read)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/", ""),
        ("", ""),
        ("/a/b.html", "/a/b.html"),
        ("a?b#c", "/a"),
        ("/../../etc/passwd", "/etc/passwd"),
        ("/a/../../b", "/b"),
        ("//evil/a", "/evil/a"),
        ("/tools/x", "/x"),
        ("/toolsx", "/toolsx"),
    ],
)
def test_urls_have_files_below_the_folder(lab, tmp_path, url, path):
    assert lab.ask(lambda _: Ns.UrlToFile(url))[0] == str(tmp_path) + path
    assert lab.ask(lambda _: Ns.UrlToFile("main", url))[0] == str(tmp_path) + path


def test_files_of_the_site(lab, tmp_path):
    (tmp_path / "page").write_bytes(b"\xff")
    (tmp_path / "folder").mkdir()

    def read(_):
        assert Ns.UrlIsFile("/page") and not Ns.UrlIsFile("/folder") and Ns.UrlIsDir("/folder")
        assert Ns.FetchPage("/page") == Ns.FetchPage("/page", "main") == b"\xff"
        with pytest.raises(ValueError, match="NUL"):
            Ns.UrlToFile("/a\0")
        with pytest.raises(OSError):
            Ns.FetchPage("/none")

    lab.ask(read)


def test_urls_and_html():
    assert Ns.ParseUrl("http://x.org:81/a/b/c.html?d") == ("http", "x.org", "81", "a/b", "c.html")
    assert Ns.ParseUrl("/c") == ("", "", "", "", "c")
    assert Ns.AbsoluteUrl("b", "http://x/a/") == "http://x/a/b"
    assert Ns.RelativeUrl("http://x/a", "http://x") == "/a"
    assert Ns.RelativeUrl("http://x", "http://x") == "/"
    assert Ns.RelativeUrl("http://xy/a", "http://x") == "http://xy/a"
    assert Ns.EncodeUrl("a b&é/") == "a+b%26%C3%A9%2F"
    assert Ns.DecodeUrl("a+b%26%C3%A9") == "a b&é"
    assert Ns.QuoteHtml("<a href=\"'&") == "&lt;a href=&quot;&#x27;&amp;"
    assert Ns.HttpTime(0) == "Thu, 01 Jan 1970 00:00:00 GMT"
    assert Ns.HttpTime().endswith(" GMT")
    assert Ns.ParseHttpTime("Thu, 01 Jan 1970 00:00:10 GMT") == 10
    assert Ns.ParseHttpTime("rubbish") == Ns.ParseHttpTime(f"Thu, 01 Jan {'9' * 20}") == 0
    assert (Ns.GetMimeType("a.html"), Ns.GetMimeType("a")) == ("text/html", "*/*")
    assert Ns.ParseRequest("GET /a/b HTTP/1.0").urlv == ["a", "b"]


def test_times_without_a_zone_are_gmt(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert Ns.ParseHttpTime("Thu Jan  1 00:00:10 1970") == 10
    finally:
        monkeypatch.undo()
        time.tzset()


def test_header_lines_and_queries():
    fields = Ns.Set()
    assert Ns.ParseHeader(fields, " x") == Ns.ERROR
    assert Ns.ParseHeader(fields, "A: 1\r\n") == Ns.OK
    assert Ns.ParseHeader(fields, "\t2") == Ns.OK
    assert Ns.ParseHeader(fields, "rubbish") == Ns.ERROR
    assert Ns.QueryToSet("b=%20&c", fields) is fields
    assert fields.items() == [("A", "1 2"), ("b", " "), ("c", "")]
    assert Ns.QueryToSet("b=1")["b"] == "1"


def test_pages_of_the_web_are_fetched(tmp_path):
    import http.server
    import threading

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if self.path == "/" else 404)
            self.send_header("X-A", "1")
            self.end_headers()
            self.wfile.write(b"page")

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            headers = Ns.Set()
            url = f"http://127.0.0.1:{server.server_port}/"
            assert Ns.FetchURL(url, headers) == Ns.FetchURL(url) == b"page"
            assert headers["x-a"] == "1"
            with pytest.raises(OSError) as raised:
                Ns.FetchURL(f"{url}none")
            raised.value.close()
        finally:
            server.shutdown()
            thread.join()
    for url in (tmp_path.as_uri(), "ftp://127.0.0.1/"):
        with pytest.raises(ValueError, match="no address of the Web"):
            Ns.FetchURL(url)


def test_users_hosts_and_paths():
    assert Ns.GetUid("root") == 0 and Ns.GetUid("no such user") == -1
    assert Ns.GetGid("no such group") == -1
    assert Ns.GetUserHome("root").startswith("/")
    assert Ns.GetAddrByHost("localhost") == "127.0.0.1"
    assert Ns.GetHostByAddr("a..b") is Ns.GetAddrByHost("a..b") is None
    assert Ns.PathIsAbsolute("/a") and not Ns.PathIsAbsolute("a")
    assert Ns.NormalizePath("a//b/../c/.") == "/a/c"
    assert Ns.MakePath("/a", "b", "/c") == "/a/b/c"


def test_outside_of_requests_there_is_none():
    for call in (Ns.GetConn, Ns.PageRoot, Ns.InfoHomePath, lambda: Ns.Log(Ns.Notice, "")):
        with pytest.raises(RuntimeError, match="there is no connection here"):
            call()


@pytest.fixture
def data(tmp_path):
    source = f"sqlite:{tmp_path}/ns.db"
    return NsLab(str(tmp_path), pools={"main": source, "second": source})


def test_databases_have_their_old_names(data, tmp_path):
    (tmp_path / "make.sql").write_text("create table t (a, b);\ninsert into t values (1, 'x');")

    def script(_):
        handle = Ns.DbHandle(Ns.DbPoolDefault("server"))
        assert (handle.poolname, handle.driver, handle.connected) == ("main", "sqlite", True)
        assert handle.DriverName() == handle.DriverDbType() == "sqlite"
        assert handle.datasource == f"{tmp_path}/ns.db" and handle.user is handle.password is None
        assert handle.InterpretSqlFile("make.sql") == Ns.OK
        assert handle.DML("insert into t values (?, ?)", 2, "y") == Ns.OK
        row = handle.Select("select a, b from t order by a")
        assert isinstance(row, Ns.Set) and handle.fetchingRows
        found = []
        while handle.GetRow(row) == Ns.OK:
            found.append((row["A"], row[1]))
        assert found == [("1", "x"), ("2", "y")]
        other = Ns.Set()
        assert handle.Exec("select b from t") == Ns.ROWS and handle.BindRow().keys() == ["b"]
        assert handle.GetRow(other) == Ns.OK and other.items() == [("b", "x")]
        assert handle.Cancel() == handle.Flush() == Ns.OK and handle.GetRow() == Ns.END_DATA
        assert handle.Exec("delete from t where a = 2") == Ns.DML
        assert handle.Db0or1Row("select 1 where 0") == (None, 0)
        assert handle.Db0or1Row("select b from t")[1] == 1
        assert handle.Db1Row("select b from t where a = ?", 1)["b"] == "x"
        assert handle.SetException("1", "own") == Ns.OK and handle.dsExceptionMsg == "1: own"
        handle.DML("begin transaction")
        handle.DML("delete from t")
        assert handle.ResetHandle() == Ns.OK
        assert handle.Db1Row("select count(*) from t")[0] == "1"
        handle.SpStart("p")
        handle.SpSetParam("a", "int", "in", 1)
        assert handle.SpGetParams().items() == [("a", "1")]
        with pytest.raises(PoolError, match="no stored procedures"):
            handle.SpExec()

    data.ask(script)


def test_pools_have_their_old_names(data, tmp_path):
    def script(_):
        assert Ns.DbPoolList("server") == ["main", "second"]
        assert Ns.DbPoolAllowable("server", "main") and not Ns.DbPoolAllowable("third")
        assert Ns.DbPoolDescription("main") == f"sqlite:{tmp_path}/ns.db"
        handles = [Ns.DbPoolGetHandle(), Ns.DbPoolTimedGetHandle("second", 0)]
        assert [handle.poolname for handle in handles] == ["main", "second"]
        assert len(Ns.DbPoolGetMultipleHandles("second", 3)) == 3
        with pytest.raises(PoolError, match="^pool main: all 16 handles"):
            Ns.DbPoolTimedGetMultipleHandles("main", 16, 0)
        assert len(Ns.DbPoolTimedGetMultipleHandles("main", 15, 0)) == 15
        assert Ns.DbBouncePool("main") == Ns.OK
        assert Ns.DbQuoteValue("it's") == "it''s"

    data.ask(script)


def test_a_stored_procedure_is_called(data, monkeypatch):
    def script(_):
        handle = Ns.DbHandle()
        monkeypatch.setattr(handle, "call_procedure", lambda name, values: [*values[:-1], name])
        handle.SpStart("p")
        handle.SpSetParam("a", "int", "in", 1)
        handle.SpSetParam("b", "text", "out", None)
        assert handle.SpExec() == Ns.DML
        return handle.SpGetParams().items()

    assert data.ask(script)[0] == [("a", "1"), ("b", "p")]
