"""Sessions, the application and `global.asa` of ASP pages."""

import os
import sqlite3
import subprocess
import sys

import pytest

from support.asp_site import AspSite
from taipan.scripts.asp import life as life_module
from taipan.sessions.errors import SessionError
from taipan.sessions.process import process_sessions

GLOBAL = """<script language=Python runat=server>
def application_onstart():
    Application["log"] = "A"

def Application_OnEnd():
    with open(Server.MapPath("/ended"), "w") as stream:
        stream.write(Application["log"])

def Session_OnStart():
    Application["log"] += "S"
    Session["n"] = len(Application["log"])

def Session_OnEnd():
    Application["log"] += "E" + Session["who"] + Session.SessionID
</script>"""


@pytest.fixture
def site(tmp_path):
    made = AspSite(tmp_path)
    yield made
    made.close()


def show_log(site):
    return site.show("Application('log')")


def expire(tmp_path):
    """Lets the time of all sessions be over."""
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        database.execute("UPDATE taipan_sessions SET expires = 1")
    database.close()


def test_a_session_is_locked_anyway(site):
    assert site.run("Session.Lock()\nSession['n'] = 1\nSession.Unlock()").status == "200 OK"
    assert site.show("Session('n')") == "1"


def test_values_of_a_session(site):
    code = "Session['Name'] = Request('a')\nSession['list'] = [1]\n"
    code += "Response.Write(type(Session['Name']))"
    assert site.run(code, "/page.asp?a=x").text == "<class 'str'>"
    shown = site.show(
        "repr((Session('name'), Session['NAME'], Session.Contents('name'), Session(2), 'name' in"
        " Session, Session('z'), [*Session.Contents], Session.Contents.Count,"
        " Session.Value('name'), Session.Contents.Key(1), Session.StaticObjects.Count))"
    )
    names = ["Name", "list"]
    assert shown == repr(("x", "x", "x", [1], True, None, names, 2, "x", "Name", 0))
    site.run("Session['NAME'] = 2\nSession.Contents.Remove('LIST')\nSession.Contents.Remove('z')")
    assert site.show("[*Session], Session['Name']") == "(['Name'], 2)"
    site.run("Session['k'] = 1\nSession.Contents.RemoveAll()\nSession['l'] = None")
    assert site.show("[*Session]") == "['l']"
    with pytest.raises(SessionError, match="cannot be stored"):
        site.run("Session['x'] = object()")
    with pytest.raises(ValueError, match="are taken"):
        site.run("Session['asp:ends'] = 1")
    with pytest.raises(AttributeError):
        site.run("Session.Name = 1")


def test_every_client_has_a_session(site):
    first = site.run("pass")
    assert first.field("Set-Cookie").startswith("sid=")
    again = site.run("pass")
    assert again.field("Set-Cookie") is None
    number = site.show("Session.SessionID")
    assert number.isdigit()
    assert site.show("Session.SessionID") == number
    site.cookies.clear()
    assert site.show("Session.SessionID") != number


def test_pages_without_sessions(site):
    site.write("page.asp", "<%@ EnableSessionState=False %>a")
    assert site.get().field("Set-Cookie") is None
    for use in ("Session['a']", "Session('a')", "Session['a'] = 1", "Session.Abandon()"):
        site.write("page.asp", f"<%@ EnableSessionState=False %><% {use} %>")
        with pytest.raises(RuntimeError, match="has no Session"):
            site.get()


def test_settings_of_a_session(site):
    assert site.show("Session.Timeout, Session.LCID, Session.CodePage") == "(30, 1033, 65001)"
    site.run("Session.Timeout = 2.5\nSession.LCID = 1031\nSession.CodePage = 1252")
    assert site.show("Session.timeout, Session.LCID, Session.CodePage") == "(2.5, 1031, 65001)"
    site.write("page.asp", "<%@ LCID=1036 %><%= Session.LCID %>")
    assert site.get().text == "1036"


def test_the_end_of_a_session(site):
    site.run("Session['a'] = 1")
    old = dict(site.cookies)
    answer = site.run("Session.Abandon()\nResponse.Write(Session['a'])")
    assert answer.text == "1"
    assert "Max-Age=0" in answer.field("Set-Cookie")
    site.cookies = old
    assert site.show("Session['a']") == ""


def test_a_session_ends_although_the_page_fails(site):
    site.run("Session['a'] = 1")
    with pytest.raises(ZeroDivisionError):
        site.run("Session.Abandon()\n1/0")
    assert site.show("Session['a']") == ""


def test_the_application_is_shared(site, tmp_path):
    site.run("Application.Lock()\nApplication.Lock()\nApplication['N'] = 1\nApplication.Unlock()")
    other = site.make_process()
    assert site.get_in(other, "Application('n'), Application.Contents.Count") == "(1, 1)"
    site.run(
        "Application.Contents['m'] = 2\nApplication.Contents.Remove('n')\nApplication.Unlock()"
    )
    assert site.show("[*Application], Application['n'], 'M' in Application") == (
        "(['m'], None, True)"
    )
    site.run("Application.Contents.RemoveAll()")
    assert site.show("[*Application.Contents]") == "[]"


def test_applications_of_two_routes_are_apart(site):
    site.run("Application['n'] = 1")
    site.settings = site.settings._replace(mount="/other")
    assert site.get_in(site.make_process(), "Application('n')") == ""


def test_the_end_of_a_page_unlocks(site):
    for code in ("Application.Lock()", "Application.Lock()\nResponse.End()"):
        site.run(code)
    with pytest.raises(ZeroDivisionError):
        site.run("Application.Lock()\n1/0")
    lock = process_sessions().store.make_lock(b"")
    lock.take(0.1)
    lock.release()


def test_events_of_starts(site):
    site.write("Global.asa", GLOBAL)
    assert show_log(site) == "AS"
    assert show_log(site) == "AS"
    assert site.show("Session['n'], [*Session], [*Application]") == "(2, ['n'], ['log'])"
    site.cookies.clear()
    assert site.get_in(site.make_process(), "Application['log']") == "ASS"
    site.write("Global.asa", f"{GLOBAL}<!-- another version -->")
    assert show_log(site) == "A"


def test_a_session_starts_with_its_first_page(site):
    start = "Response.Write('start ')\n    Session['a'] = Request('a')"
    site.write(
        "global.asa", f"<script runat=server>\ndef Session_OnStart():\n    {start}\n</script>"
    )
    assert site.show("Session['a']", "/page.asp?a=1") == "start 1"
    assert site.show("Session['a']") == "1"
    site.cookies.clear()
    site.write("page.asp", "<%@ EnableSessionState=False %>a")
    assert site.get().text == "a"


def test_a_start_may_redirect(site):
    code = "def Session_OnStart():\n    Response.Redirect('/login.asp')"
    site.write("global.asa", f"<script runat=server>\n{code}\n</script>")
    assert site.run("pass").field("Location") == "/login.asp"
    assert site.run("pass").status == "200 OK"


def test_a_start_that_fails_is_tried_again(site):
    code = "def Application_OnStart():\n    raise ValueError(Application['tried'])"
    site.write("global.asa", f"<script runat=server>\n{code}\n</script>")
    for _ in range(2):
        with pytest.raises(ValueError):
            site.run("pass")
    site.write("global.asa", "")
    assert site.show("1") == "1"


def test_a_session_that_is_abandoned_has_its_end(site):
    site.write("global.asa", GLOBAL)
    site.run("Session['who'] = 'me'")
    number = site.show("Session.SessionID")
    site.run("Session.Abandon()")
    with_start = f"ASEme{number}S"
    assert show_log(site) == with_start


def test_a_session_that_was_left_has_its_end(site, tmp_path):
    site.write("global.asa", GLOBAL)
    site.run("Session['who'] = 'me'")
    number = site.show("Session.SessionID")
    expire(tmp_path)
    process_sessions().store.sweep(10_000)
    site.cookies.clear()
    site.pages = site.make_process()
    site.run("pass")
    assert site.show("Application['log']") == f"ASSEme{number}"
    site.pages = site.make_process()
    assert site.show("Application['log']") == f"ASSEme{number}"


def test_sessions_whose_end_nobody_waits_for_are_swept(site, tmp_path):
    site.write("global.asa", GLOBAL)
    site.run("Session['who'] = 'me'")
    expire(tmp_path)
    process_sessions().store.sweep(100_000)
    with sqlite3.connect(tmp_path / "sessions.db") as database:
        assert database.execute("SELECT count(*) FROM taipan_sessions").fetchone() == (0,)
    database.close()


def test_an_end_that_fails_is_logged(site):
    site.write("global.asa", "<script runat=server>\ndef Session_OnEnd():\n    1/0\n</script>")
    assert site.run("Session.Abandon()\nResponse.Write('a')").text == "a"
    assert any("Session_OnEnd" in text for _, text in site.log.records)


def test_the_application_ends_with_its_last_process(site):
    site.write("global.asa", GLOBAL)
    show_log(site)
    other = site.make_process()
    site.get_in(other, "1")
    ended = os.path.join(site.root, "ended")
    site.pages.life._leave()
    assert not os.path.exists(ended)
    other.life._leave()
    with open(ended) as stream:
        assert stream.read() == "AS"
    site.pages = site.make_process()
    assert show_log(site) == "A"


def test_an_application_whose_processes_were_killed_starts_again(site):
    site.write("global.asa", GLOBAL)
    show_log(site)
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    key = "asp:life"
    life = site.pages.values[key]
    life["processes"][0][1] = int(dead.stdout)
    site.pages.values[key] = life
    site.pages = site.make_process()
    assert show_log(site) == "A"
    life["processes"][0] = ["another machine", 1, "x"]
    site.pages.values[key] = life
    assert life_module._lives(life["processes"][0])


def test_an_application_in_new_processes_starts_once(site):
    site.settings = site.settings._replace(fresh=True)
    site.pages = site.make_process()
    site.write("global.asa", GLOBAL)
    assert show_log(site) == "AS"
    site.pages = site.make_process()
    assert show_log(site) == "AS"


def test_a_global_file_with_a_fault_fails_the_page(site):
    site.write("global.asa", "<script runat=server>\nx = = 1\n</script>")
    with pytest.raises(SyntaxError) as caught:
        site.run("pass")
    assert (caught.value.filename, caught.value.lineno) == (f"{site.root}/global.asa", 2)
