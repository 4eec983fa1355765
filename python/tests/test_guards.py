"""Scripts that say who may come in."""

import io
import json
import os
import time

import pytest

from taipan.guards.application import GuardApplication
from taipan.guards.errors import GuardError
from taipan.guards.guard_file import GuardFile
from taipan.guards.slot import find_fault, make_guard_slot
from taipan.guards.verdicts import read_access, read_groups, read_password_verdict, read_secret
from taipan.inspection import check
from taipan.loader.code_cache import CodeCache

SCRIPT = """
SEEN = []
def allow_access(environ, host):
    SEEN.append(environ)
    return host == "192.0.2.1"
def check_password(environ, user, password):
    return {"right": True, "wrong": False, "named": "eve"}.get(password)
def get_realm_hash(environ, user, realm):
    length = {"MD5": 32, "SHA-256": 64}[environ["taipan.digest_algorithm"]]
    return None if user == "nobody" else b"A" * length
def groups_for_user(environ, user):
    return (name for name in [user, b"staff"])
"""


@pytest.fixture
def ask(tmp_path):
    """Asks a script a question, and gives the answer."""

    def ask_file(question, source=SCRIPT, **facts):
        path = tmp_path / "auth.py"
        path.write_text(source)
        environ = {
            "REQUEST_METHOD": "POST",
            "REMOTE_ADDR": "192.0.2.1",
            "wsgi.input": io.BytesIO(json.dumps({"method": "HEAD", **question}).encode()),
            "wsgi.errors": io.StringIO(),
            "wsgi.url_scheme": "https",
            "wsgi.multithread": True,
            "taipan.request_id": "1",
            **facts,
        }
        started = []
        ask_file.file = GuardFile(str(path))
        body = GuardApplication(ask_file.file)(environ, lambda *args: started.append(args))
        assert started[0][0] == "200 OK"
        return json.loads(b"".join(body))

    return ask_file


def test_access(ask):
    assert ask({"asks": "access"}) == {"allowed": True}
    assert ask({"asks": "access"}, REMOTE_ADDR="") == {"allowed": False}
    seen = ask.file.find("allow_access").__globals__["SEEN"][-1]
    assert set(seen) == {
        "REQUEST_METHOD",
        "REMOTE_ADDR",
        "wsgi.errors",
        "wsgi.url_scheme",
        "taipan.request_id",
    }
    assert seen["REQUEST_METHOD"] == "HEAD"


@pytest.mark.parametrize(
    ("password", "groups", "expected"),
    [
        ("right", False, {"user": "ann", "groups": []}),
        ("right", True, {"user": "ann", "groups": ["ann", "staff"]}),
        ("named", True, {"user": "eve", "groups": ["eve", "staff"]}),
        ("wrong", True, {"user": None, "groups": []}),
        ("unknown", True, {"user": None, "groups": []}),
    ],
)
def test_passwords(ask, password, groups, expected):
    question = {"asks": "password", "user": "ann", "password": password, "groups": groups}
    assert ask(question) == expected


def test_secrets(ask):
    question = {"asks": "secret", "realm": "r", "groups": True}
    answer = ask({**question, "user": "ann", "algorithm": "MD5"})
    assert answer == {"user": "ann", "groups": ["ann", "staff"], "secret": "a" * 32}
    assert ask({**question, "user": "ann", "algorithm": "SHA-256"})["secret"] == "a" * 64
    answer = ask({**question, "user": "nobody", "algorithm": "MD5"})
    assert answer == {"user": None, "groups": [], "secret": None}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", "has no function allow_access"),
        ("allow_access = 1", "has no function allow_access"),
        ("def allow_access(environ, host): return 1", "it returned an object of type int"),
        ("def allow_access(environ, host): raise SystemExit(0)", "ended with SystemExit"),
        ("raise SystemExit", "ended with SystemExit"),
    ],
)
def test_failures(ask, source, expected):
    with pytest.raises(GuardError, match=expected):
        ask({"asks": "access"}, source)


def test_choices_of_where_a_request_runs(ask):
    source = """
def process_group(environ):
    return b"other" if environ["HTTP_HOST"] == "a.test" else None
def callable_object(environ):
    return "second"
application_group = "not a function"
"""
    assert ask({"asks": "dispatch"}, source, HTTP_HOST="a.test") == {
        "processGroup": "other",
        "applicationGroup": None,
        "callableObject": "second",
    }
    assert ask({"asks": "dispatch"}, source, HTTP_HOST="b.test")["processGroup"] is None
    with pytest.raises(GuardError, match="process_group must return a text or None"):
        ask({"asks": "dispatch"}, "def process_group(environ): return 1")


@pytest.mark.parametrize("answer", [0, 1, "", "yes", [], [True], object(), NotImplemented])
def test_verdicts_of_access_are_truth_values(answer):
    with pytest.raises(GuardError):
        read_access(answer)


@pytest.mark.parametrize("answer", [0, 1, "", b"ann", "a\nb", "a\x7f", "a\x85", ["ann"]])
def test_verdicts_of_passwords_are_truth_values_or_names(answer):
    with pytest.raises(GuardError):
        read_password_verdict(answer, "ann")


@pytest.mark.parametrize("answer", [True, "", "a" * 31, "g" * 32, "a" * 64, "١" * 32, b"\xff" * 32])
def test_secrets_are_hashes_of_their_algorithm(answer):
    with pytest.raises(GuardError):
        read_secret(answer, "MD5")


@pytest.mark.parametrize("answer", [None, "staff", b"staff", 1, [1], ["a", None]])
def test_groups_are_lists_of_texts(answer):
    with pytest.raises(GuardError):
        read_groups(answer)


def test_a_file_is_loaded_once_for_each_version_of_it_and_what_it_imports(tmp_path):
    script, helper = tmp_path / "auth.py", tmp_path / "helper.py"
    script.write_text("import helper\nTURNS = []\ndef f(): return helper.VALUE, TURNS")
    helper.write_text("VALUE = 1")
    file = GuardFile(str(script))
    value, turns = file.find("f")()
    turns.append("kept")
    assert value == 1
    assert file.find("f")() == (1, ["kept"])
    _rewrite(helper, "VALUE = 22")
    assert file.find("f")() == (22, [])
    _rewrite(script, "def f(): return 'new'")
    assert file.find("f")() == "new"
    _rewrite(script, "def f(:")
    for _ in range(2):
        with pytest.raises(SyntaxError):
            file.find("f")
    script.unlink()
    with pytest.raises(FileNotFoundError):
        file.find("f")


def test_files_of_one_name_are_apart(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "auth.py").write_text("from words import WORD\ndef f(): return WORD")
        (tmp_path / name / "words.py").write_text(f"WORD = {name!r}")
    files = [GuardFile(str(tmp_path / name / "auth.py")) for name in ("a", "b")]
    assert [file.find("f")() for file in files] == ["a", "b"]


def test_a_slot_loads_whatever_the_script_is_like(tmp_path):
    path = tmp_path / "auth.py"
    config = {"name": "auth.py", "kind": "guard", "interface": "script", "file": str(path)}
    needs = ["check_password"]
    path.write_text("def check_password(): pass")
    slot = make_guard_slot({**config, "functions": needs})
    assert slot.load().interface == "script"
    assert slot.notice == ""
    assert check({**config, "functions": needs}, CodeCache())["loads"] is True
    for source, reason in [("x = 1", "has no function check_password"), ("(", "SyntaxError")]:
        _rewrite(path, source)
        slot = make_guard_slot({**config, "functions": needs})
        slot.load()
        assert slot.failure is None
        assert "are answered with 500" in slot.notice
        assert reason in slot.notice
        report = check({**config, "functions": needs}, CodeCache())
        assert report["loads"] is False
        assert reason in report["summary"]


def test_a_script_that_exits_is_at_fault(tmp_path):
    path = tmp_path / "auth.py"
    path.write_text("raise SystemExit(3)")
    assert isinstance(find_fault(GuardFile(str(path)), ["f"]), SystemExit)


def _rewrite(path, text):
    """Writes a file so that its time differs."""
    path.write_text(text)
    later = time.time() + 10
    os.utime(path, (later, later))
