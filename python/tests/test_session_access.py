"""The session of a request for a script."""

import threading
from contextlib import contextmanager

import pytest

import taipan
from support.connections import Lab
from taipan.scripts.request.current import PRINT
from taipan.scripts.request.session import CurrentSession
from taipan.sessions import process
from taipan.sessions.errors import SessionError
from taipan.sessions.process import configure_sessions, find_missing, process_sessions

DEADLINE = 20


@pytest.fixture
def config(tmp_path):
    given = {
        "store": f"sqlite:{tmp_path}/sessions.db",
        "cookie": "sid",
        "lifetime": 1000_000,
        "lockTimeout": 50,
        "limit": 1000,
        "sameSite": "strict",
    }
    configure_sessions(given)
    yield given
    if process._sessions is not None:
        process_sessions().store.close()
    process._config = process._sessions = None


@pytest.fixture
def lab(tmp_path, config):
    return Lab(str(tmp_path), mount="/shop/")


@contextmanager
def serving(lab):
    """The script of `lab` uses `taipan.session`; afterwards it is free for others."""
    token = PRINT.set(lab.request.write_printed)
    try:
        yield taipan.session
    finally:
        PRINT.reset(token)


def run(lab, script, **environ):
    """Answers with what `script` prints; it gets the session, the connection and the output."""

    def body(conn, out):
        with serving(lab) as session:
            script(session, conn, out)

    try:
        return lab.get(body, **environ)
    finally:
        if lab.request.session is not None:
            lab.request.session.release()


def field(answer, name):
    return [value for key, value in answer.fields if key.lower() == name.lower()]


def cookie_of(answer):
    (cookie,) = field(answer, "set-cookie")
    return cookie.partition(";")[0]


def count(session, conn, out):
    session["n"] = session.get("n", 0) + 1
    out.write(f"Content-Type: text/plain\n\n{session['n']}")


def test_it_belongs_to_the_client(lab):
    first = run(lab, count)
    (cookie,) = field(first, "set-cookie")
    assert cookie.endswith("; Path=/shop; HttpOnly; SameSite=Strict")
    second = run(lab, count, HTTP_COOKIE=cookie_of(first))
    assert (first.body, second.body) == (b"1", b"2")
    assert field(second, "set-cookie") == []
    secure = run(lab, count, **{"wsgi.url_scheme": "https"})
    (cookie,) = field(secure, "set-cookie")
    assert cookie.endswith("; Secure")


def test_it_is_a_mapping(lab):
    def script(session, conn, out):
        session.update(a=1, b=2)
        del session["a"]
        assert ("b" in session, "a" in session) == (True, False)
        assert (len(session), list(session)) == (1, ["b"])
        assert session.copy() == {"b": 2}
        assert repr(session) == "{'b': 2}"
        assert session.is_new()
        session.renew()
        session.invalidate()
        assert not session
        out.write("Content-Type: text/plain\n\nok")

    assert run(lab, script).body == b"ok"


def test_errors_have_public_names():
    assert issubclass(taipan.SessionBusy, taipan.SessionError)


def test_it_needs_a_request(config):
    session = CurrentSession()
    assert repr(session) == "<taipan.session>"
    with pytest.raises(RuntimeError, match="belongs to a request"):
        session["a"]
    with pytest.raises(AttributeError):
        session.__wrapped__  # noqa: B018


def test_one_begun_too_late_is_reported(lab):
    def script(session, conn, out):
        out.write("Content-Type: text/plain\n\nfirst")
        out.flush()
        session["a"] = 1

    answer = run(lab, script)
    assert (answer.body, field(answer, "set-cookie")) == (b"first", [])
    assert "x.py: the session was begun after the head" in lab.error


def test_what_is_stored_after_the_head_is_there(lab):
    def script(session, conn, out):
        session["n"] = 1
        out.write("Content-Type: text/plain\n\nfirst")
        out.flush()
        session["n"] = 10

    cookie = cookie_of(run(lab, script))
    assert run(lab, count, HTTP_COOKIE=cookie).body == b"11"


def test_the_connection_object_sends_the_cookie(lab):
    def script(session, conn, out):
        session["n"] = 1
        conn.return_data(200, b"answer", "text/plain")
        conn.close()
        # The client has its answer already.
        session["n"] = 5

    answer = run(lab, script)
    assert answer.body == b"answer"
    assert run(lab, count, HTTP_COOKIE=cookie_of(answer)).body == b"6"


def redirect(session, conn, out):
    session.get("n")
    out.write("Location: /other\n\n")


def redirect_with_cookie(session, conn, out):
    session["n"] = 1
    out.write("Location: /other\n\n")


def test_a_redirect_within_the_server_stays_one(lab):
    answer = run(lab, redirect)
    assert field(answer, "x-taipan-redirect") == ["/other"]
    answer = run(lab, redirect_with_cookie)
    assert (answer.status, field(answer, "location")) == (302, ["/other"])
    assert field(answer, "x-taipan-redirect") == []
    assert run(lab, count, HTTP_COOKIE=cookie_of(answer)).body == b"2"


def test_threads_of_a_request_share_it(lab):
    def script(session, conn, out):
        request = lab.request
        found = []

        def use():
            PRINT.set(request.write_printed)
            session["n"] = 1
            found.append(request.session)

        threads = [threading.Thread(target=use) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
        assert len(found) == 8
        assert len({id(one) for one in found}) == 1
        out.write("Content-Type: text/plain\n\nok")

    cookie = cookie_of(run(lab, count))
    assert run(lab, script, HTTP_COOKIE=cookie).body == b"ok"


def test_what_fails_is_no_session(lab):
    def script(session, conn, out):
        session["a"] = object()
        out.write("Content-Type: text/plain\n\nok")

    assert run(lab, script).status == 500
    assert "cannot be stored" in "".join(lab.recorder.records)


def test_sessions_are_configured(config):
    opened = process_sessions()
    configure_sessions(dict(config))
    assert process_sessions() is opened
    opened.store.close()
    configure_sessions({**config, "cookie": "other"})
    assert process_sessions().settings.cookie == "other"
    configure_sessions(None)
    with pytest.raises(SessionError, match="that Taipan serves"):
        process_sessions()
    assert find_missing() == ""


def test_a_missing_package_is_told(config, monkeypatch):
    configure_sessions({**config, "store": "redis://localhost"})
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install redis" in find_missing()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert find_missing() == ""
