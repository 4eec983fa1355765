"""The module `Session` of mod_python, and `session` in its pages."""

import re
import threading

import pytest

from support.handler_site import Site
from taipan.scripts.mod_python import session as module
from taipan.sessions import process
from taipan.sessions.process import configure_sessions, process_sessions

UNKNOWN = "0123456789abcdef0123456789abcdef"
COUNT = """
from mod_python import Session
def count(req):
    session = Session.Session(req)
    session['n'] = session.get('n', 0) + 1
    session.save()
    return repr((session.is_new(), session['n']))
"""


@pytest.fixture(autouse=True)
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    config = {
        "store": f"sqlite:{folder}/sessions.db",
        "cookie": "sid",
        "lifetime": 1800_000,
        "lockTimeout": 50,
        "limit": 1000,
        "sameSite": "lax",
    }
    configure_sessions(config)
    yield config
    if process._sessions is not None:
        process_sessions().store.close()
    process._config = process._sessions = None


@pytest.fixture
def site(tmp_path):
    return make_site(tmp_path)


def make_site(folder, **options):
    return Site(folder, handler="mod_python.publisher", options=options)


def run(site, code, cookie="", query=""):
    """What a function with this body returns; `session` is its session."""
    body = "".join(f"    {line}\n" for line in code.split("\n"))
    site.write("t.py", f"from mod_python import Session, util\ndef f(req):\n{body}")
    return site.get(f"/t/f{query}", HTTP_COOKIE=cookie)


def cookies_of(answer):
    return [value for name, value in answer.fields if name == "Set-Cookie"]


def pair_of(answer):
    """The cookie as a browser sends it back."""
    [value] = cookies_of(answer)
    return value.partition(";")[0]


def test_values_are_kept_from_request_to_request(site):
    site.write("t.py", COUNT)
    first = site.get("/t/count")
    assert first.body == "(True, 1)"
    assert re.fullmatch("pysid=[0-9a-f]{32}; path=/", cookies_of(first)[0])
    assert ("Cache-Control", 'no-cache="set-cookie"') in first.fields
    second = site.get("/t/count", HTTP_COOKIE=pair_of(first))
    assert (second.body, cookies_of(second)) == ("(False, 2)", [])
    assert site.get("/t/count").body == "(True, 1)"


def test_a_session_that_is_not_saved_does_not_count(site):
    answer = run(site, "s = Session.Session(req)\ns['a'] = 1\nreturn s.id()")
    assert answer.body in cookies_of(answer)[0]
    again = run(site, "s = Session.Session(req)\nreturn repr((s.is_new(), s))", pair_of(answer))
    assert again.body == "(True, {})"
    assert pair_of(again) != pair_of(answer)


@pytest.mark.parametrize("sent", [UNKNOWN, UNKNOWN.upper(), "x", "../../etc/passwd", UNKNOWN + "0"])
def test_ids_that_were_not_issued_are_not_adopted(site, sent):
    site.write("t.py", COUNT)
    answer = site.get("/t/count", HTTP_COOKIE=f"pysid={sent}")
    assert answer.body == "(True, 1)"
    assert sent not in pair_of(answer)


def test_ids_that_are_given(site):
    made = run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()\nreturn s.id()").body
    found = run(site, f"return repr(Session.Session(req, sid={made!r}))")
    assert (found.body, cookies_of(found)) == ("{'a': 1}", [])
    other = run(site, f"s = Session.Session(req, {UNKNOWN!r})\nreturn s.id()")
    assert other.body != UNKNOWN
    for bad in ("x", "../x", UNKNOWN + "\n"):
        code = f"try: Session.Session(req, sid={bad!r})\nexcept ValueError as e: return str(e)"
        assert run(site, code).body.startswith("Invalid Session ID: sid=")


def test_a_secret_signs_the_cookie(site):
    code = "s = Session.Session(req, secret='top')\ns['a'] = 1\ns.save()\nreturn s.id()"
    answer = run(site, code)
    cookie = pair_of(answer)
    assert re.fullmatch("pysid=[0-9a-f]{64}", cookie)
    code = "return repr(Session.Session(req, secret='top'))"
    assert run(site, code, cookie).body == "{'a': 1}"
    assert run(site, code, f"pysid={answer.body}").body == "{}"
    assert run(site, code, cookie[:-1] + "g").body == "{}"
    assert run(site, "return repr(Session.Session(req, secret='else'))", cookie).body == "{}"


def test_the_times_of_a_session(site, monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(module.time, "time", lambda: now[0])
    show = "return repr((s.created(), s.last_accessed(), s.timeout(), s.is_new()))"
    answer = run(site, f"s = Session.Session(req)\ns.save()\n{show}")
    assert answer.body == "(1000.0, 1000.0, 1800, True)"
    cookie = pair_of(answer)
    now[0] += 1799
    code = f"s = Session.Session(req)\ns.set_timeout(60)\ns.save()\n{show}"
    assert run(site, code, cookie).body == "(1000.0, 2799.0, 60, False)"
    now[0] += 59
    assert run(site, f"s = Session.Session(req)\n{show}", cookie).body.endswith("60, False)")
    now[0] += 2
    assert run(site, f"s = Session.Session(req)\n{show}", cookie).body.endswith("1800, True)")
    code = f"s = Session.Session(req, timeout=5)\n{show}"
    assert run(site, code).body.endswith("5, True)")
    code = "s = Session.Session(req)\ns.set_timeout(-1)"
    assert "cannot be -1 seconds" in " ".join(run(site, code).log)


def test_the_end_of_a_session(site):
    made = run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()")
    cookie = pair_of(made)
    code = "s = Session.Session(req)\ns.invalidate()\ns['b'] = 1\ns.save()\nreturn repr(s.is_new())"
    ended = run(site, code, cookie)
    assert cookies_of(ended) == [f"{cookie}; path=/; expires=Thu, 01-Jan-1970 00:00:00 GMT"]
    assert run(site, "return repr(Session.Session(req).is_new())", cookie).body == "True"


def test_values_can_be_deleted_and_read_again(site):
    made = run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()")
    code = "s = Session.Session(req)\ns['a'] = 2\ns.load()\na = repr(s)\n"
    code += "s.delete()\nreturn a + repr((s, s.load()))"
    assert run(site, code, pair_of(made)).body == "{'a': 1}({}, 0)"
    code = "s = Session.Session(req)\ns.delete()\ns['b'] = 1\ns.save()"
    again = run(site, code)
    assert run(site, "return repr(Session.Session(req))", pair_of(again)).body == "{'b': 1}"


def test_one_that_was_ended_meanwhile_does_not_come_back(site):
    cookie = pair_of(run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()"))
    code = "a = Session.Session(req, lock=0)\nb = Session.Session(req, lock=0)\n"
    code += "b.invalidate()\na.save()"
    run(site, code, cookie)
    assert run(site, "return repr(Session.Session(req).is_new())", cookie).body == "True"


def test_options_for_the_cookie(tmp_path):
    for prefix in ("mod_python.", ""):
        options = {
            f"{prefix}session.cookie_name": "mine",
            f"{prefix}session.application_path": "/app",
            f"{prefix}session.application_domain": "a.test",
        }
        site = make_site(tmp_path, **options)
        site.write("t.py", COUNT)
        answer = site.get("/t/count")
        assert re.fullmatch("mine=[0-9a-f]{32}; path=/app; domain=a.test", cookies_of(answer)[0])
        assert site.get("/t/count", HTTP_COOKIE=pair_of(answer)).body == "(False, 2)"


@pytest.mark.parametrize("kind", ["MemorySession", "DbmSession", "FileSession"])
def test_the_kinds_of_sessions_have_one_store(tmp_path, kind):
    site = make_site(tmp_path, **{"mod_python.session.session_type": kind})
    made = run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()\nreturn type(s).__name__")
    assert made.body == kind
    code = "return repr(Session.BaseSession(req, lock=0))"
    assert run(site, code, pair_of(made)).body == "{'a': 1}"
    for other in (
        "MemorySession(req)",
        "DbmSession(req, dbm='x')",
        "FileSession(req, fast_cleanup=0)",
    ):
        assert run(site, f"return repr(Session.{other})", pair_of(made)).body == "{'a': 1}"


def test_an_unknown_kind_is_an_error(tmp_path):
    site = make_site(tmp_path, **{"mod_python.session.session_type": "SqlSession"})
    answer = run(site, "Session.Session(req)")
    assert answer.status.startswith("500")
    assert "Unknown session type SqlSession" in " ".join(answer.log)


def test_sessions_may_be_kept_elsewhere(site):
    site.write(
        "t.py",
        "from mod_python import Session\nkept = {}\nclass Own(Session.BaseSession):\n"
        "    def do_load(self): return kept.get(self.id())\n"
        "    def do_save(self, dict): kept[self.id()] = dict\n"
        "    def do_delete(self): kept.pop(self.id(), None)\n"
        "def f(req):\n    s = Own(req)\n    s['n'] = s.get('n', object) and 1\n    s.save()\n"
        "    return repr((s.is_new(), len(kept)))\n",
    )
    first = site.get("/t/f")
    assert first.body == "(True, 1)"
    assert site.get("/t/f", HTTP_COOKIE=pair_of(first)).body == "(False, 1)"


def test_values_that_cannot_be_stored_are_named(site):
    answer = run(site, "s = Session.Session(req)\ns['a'] = object()\ns.save()")
    assert answer.status.startswith("500")
    assert "builtins.object cannot be stored" in " ".join(answer.log)
    answer = run(site, "s = Session.Session(req)\ns['a'] = 'x' * 2000\ns.save()")
    assert "more than 1000 (sessions.limit)" in " ".join(answer.log)


def test_one_request_after_the_other(site):
    cookie = pair_of(run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()"))
    site.write(
        "slow.py",
        "import threading\nfrom mod_python import Session\n"
        "inside, goes_on = threading.Event(), threading.Event()\n"
        "def f(req):\n    s = Session.Session(req)\n    inside.set()\n    goes_on.wait(20)\n"
        "    s['a'] = 2\n    s.save()\n    return 'slow'\n"
        "def free(req):\n    s = Session.Session(req)\n    s.unlock()\n    inside.set()\n"
        "    goes_on.wait(20)\n    return 'slow'\n"
        "def quick(req, lock=1): return repr(Session.Session(req, lock=int(lock)))\n"
        "def events(req): return '' if inside.wait(20) else 'late'\n"
        "def end(req): goes_on.set()\n"
        "def again(req):\n    inside.clear()\n    goes_on.clear()\n",
    )
    for path, held in (("/slow/f", True), ("/slow/free", False)):
        site.get("/slow/again")
        answers = []
        thread = threading.Thread(
            target=lambda p=path, a=answers: a.append(site.get(p, HTTP_COOKIE=cookie))
        )
        thread.start()
        try:
            assert site.get("/slow/events").body == ""
            assert (
                site.get("/slow/quick?lock=0", HTTP_COOKIE=cookie).body
                == f"{{'a': {1 if held else 2}}}"
            )
            waited = site.get("/slow/quick", HTTP_COOKIE=cookie)
            assert ("SessionBusy" in " ".join(waited.log)) == held
        finally:
            site.get("/slow/end")
            thread.join()
        assert answers[0].body == "slow"
        assert site.get("/slow/quick", HTTP_COOKIE=cookie).body == "{'a': 2}"


def test_two_objects_of_one_request_do_not_wait_for_each_other(site):
    cookie = pair_of(run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()"))
    code = "a, b = Session.Session(req), Session.Session(req)\na.unlock()\nb.lock()\nreturn repr(b)"
    assert run(site, code, cookie).body == "{'a': 1}"
    # The end of the request has released it.
    assert run(site, "return repr(Session.Session(req))", cookie).body == "{'a': 1}"


def test_a_failed_request_releases_its_session(site):
    cookie = pair_of(run(site, "s = Session.Session(req)\ns['a'] = 1\ns.save()"))
    assert run(site, "s = Session.Session(req)\n1 / 0", cookie).status.startswith("500")
    assert run(site, "return repr(Session.Session(req))", cookie).body == "{'a': 1}"


def test_a_page_saves_its_session(tmp_path):
    site = Site(tmp_path, handler="mod_python.psp")
    site.write("p.psp", "<% session['n'] = session.get('n', 0) + 1 %><%= session['n'] %>")
    first = site.get("/p.psp")
    assert first.body == "1"
    assert cookies_of(first)[0].startswith("pysid=")
    assert site.get("/p.psp", HTTP_COOKIE=pair_of(first)).body == "2"
    site.write("p.psp", "<%\nsession['n'] = 7\npsp.redirect('/x')\n%>")
    assert site.get("/p.psp", HTTP_COOKIE=pair_of(first)).status.startswith("302")
    site.write("p.psp", "<%\nsession['n'] = 8\n1 / 0\n%>")
    assert site.get("/p.psp", HTTP_COOKIE=pair_of(first)).status.startswith("500")
    site.write("p.psp", "<%= session['n'] %>")
    assert site.get("/p.psp", HTTP_COOKIE=pair_of(first)).body == "7"


def test_a_page_uses_the_session_of_its_handler(site):
    site.write("part.html", "<% session['b'] = 2 %>")
    code = "from mod_python import psp\nreq.session = Session.Session(req)\nreq.session['a'] = 1\n"
    code += "psp.PSP(req, 'part.html').run()\nreturn repr(req.session)"
    made = run(site, code)
    assert made.body == "{'a': 1, 'b': 2}"
    assert run(site, "return repr(Session.Session(req))", pair_of(made)).body == "{'a': 1, 'b': 2}"
