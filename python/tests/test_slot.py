"""modjy's rules: what is kept, what is loaded again, and how a request selects."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from taipan.loader.code_cache import CodeCache
from taipan.loader.errors import NotLoaded, Refusal, TargetError
from taipan.loader.slot import make_slot


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "loads", [], raising=False)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write(folder, text, mtime=None):
    path = folder / "application.py"
    path.write_text("import sys\nsys.loads.append(1)\n" + text, "utf-8")
    if mtime is not None:
        os.utime(path, ns=(mtime, mtime))


def slot(folder, **more):
    config = {
        "kind": "file",
        "name": "old",
        "appDirectory": str(folder),
        "appFilename": "application.py",
        "callable": "handler",
    }
    return make_slot({**config, **more}, CodeCache())


def handler(word):
    return f"def handler(environ, start_response): return [b'{word}']\n"


def call(slot, query=""):
    (body,) = slot.resolve(query)({}, None)
    return body.decode()


def test_callables_are_cached(folder):
    write(folder, handler("one"))
    old = slot(folder)
    assert call(old) == "one"
    assert old.application is not None
    write(folder, handler("two"))
    assert call(old) == "one" and len(sys.loads) == 1


@pytest.mark.parametrize("later", [10**18 * 2, 10**18])
def test_a_file_is_loaded_again_when_its_mtime_differs(folder, later):
    write(folder, handler("one"), mtime=15 * 10**17)
    old = slot(folder, reloadOnModification=True)
    assert [call(old), call(old)] == ["one", "one"] and len(sys.loads) == 1
    first = old.resolve("")
    write(folder, handler("two"), mtime=later)
    assert [call(old), call(old)] == ["two", "two"] and len(sys.loads) == 2
    assert first({}, None) == [b"one"]


def test_a_failed_load_is_tried_again_when_the_file_has_changed(folder):
    write(folder, "raise ValueError('not yet')", mtime=10**18)
    old = slot(folder)
    before = set(sys.modules)
    with pytest.raises(ValueError, match="not yet") as caught:
        old.resolve("")
    for _ in range(2):
        with pytest.raises(NotLoaded) as known:
            old.resolve("")
        assert known.value.error is old.failure is caught.value
    assert len(sys.loads) == 1 and set(sys.modules) <= before
    write(folder, "", mtime=2 * 10**18)
    with pytest.raises(TargetError):
        old.resolve("")
    with pytest.raises(NotLoaded):
        old.resolve("")
    assert len(sys.loads) == 2
    write(folder, handler("fixed"), mtime=3 * 10**18)
    assert call(old) == "fixed" and old.failure is None


TARGET = {"kind": "target", "name": "new", "target": "application.py"}


def test_a_change_of_what_failed_is_left_to_another_process(folder):
    write(folder, "raise ValueError('not yet')", mtime=10**18)
    new = make_slot({**TARGET, "directory": str(folder)}, CodeCache())
    asked = []
    new.ask_for_another = asked.append
    with pytest.raises(ValueError, match="not yet") as caught:
        new.load()
    with pytest.raises(NotLoaded):
        new.resolve("")
    assert asked == []
    for number in (2, 3):
        write(folder, handler("fixed"), mtime=number * 10**18)
        for _ in range(2):
            with pytest.raises(NotLoaded) as known:
                new.resolve("")
            assert known.value.error is new.failure is caught.value
    assert len(asked) == len(set(asked)) == 2 and len(sys.loads) == 1


@pytest.mark.parametrize(
    ("more", "in_requests"),
    [({}, False), ({"reloadOnModification": True}, True), ({"cacheCallables": False}, True)],
)
def test_what_is_configured_to_be_loaded_by_requests_is_loaded_by_them(folder, more, in_requests):
    new = make_slot({**TARGET, "directory": str(folder), **more}, CodeCache())
    assert new.loads_in_requests is in_requests
    assert slot(folder, **more).loads_in_requests


def test_what_becomes_of_an_application_is_told_once(folder):
    write(folder, handler("one"), mtime=10**18)
    old = slot(folder, reloadOnModification=True)
    told = []
    old.on_change = lambda: told.append(old.failure)
    assert call(old) == "one" and told == []
    write(folder, "raise ValueError('not yet')", mtime=2 * 10**18)
    for error in (ValueError, NotLoaded, NotLoaded):
        with pytest.raises(error):
            old.resolve("")
    assert [type(failure) for failure in told] == [ValueError]
    (folder / "application.py").unlink()
    for error in (TargetError, NotLoaded, NotLoaded):
        with pytest.raises(error):
            old.resolve("")
    write(folder, handler("two"), mtime=3 * 10**18)
    assert [call(old), call(old)] == ["two", "two"]
    assert [type(failure) for failure in told] == [ValueError, TargetError, type(None)]


def test_what_the_module_lacks_is_known_until_it_changes(folder):
    write(folder, "handler = 5", mtime=10**18)
    old = slot(folder, callableQueryName="which")
    for error in (TargetError, NotLoaded):
        with pytest.raises(error):
            old.resolve("")
    write(folder, CHOICE.replace("def handler", "def another"), mtime=2 * 10**18)
    with pytest.raises(TargetError):
        old.resolve("")
    # Other callables of the module can be selected.
    assert call(old, "which=other") == "other"
    with pytest.raises(NotLoaded):
        old.resolve("")
    assert len(sys.loads) == 2


def test_without_cache_a_failure_is_not_kept(folder):
    write(folder, "raise ValueError('not yet')")
    old = slot(folder, cacheCallables=False)
    for _ in range(2):
        with pytest.raises(ValueError, match="not yet"):
            old.resolve("")
    assert len(sys.loads) == 2


def test_a_failure_behind_a_change_is_not_hidden_by_the_old_code(folder):
    write(folder, handler("one"), mtime=10**18)
    old = slot(folder, reloadOnModification=True)
    assert call(old) == "one"
    write(folder, "syntax error", mtime=2 * 10**18)
    with pytest.raises(SyntaxError):
        old.resolve("")
    write(folder, handler("two"), mtime=3 * 10**18)
    assert call(old) == "two"


def test_a_missing_file_is_told(folder):
    for reload in (True, False):
        with pytest.raises(TargetError, match="there is no file"):
            slot(folder, reloadOnModification=reload).resolve("")


def test_without_cache_everything_is_new(folder):
    write(folder, handler("one"), mtime=10**18)
    old = slot(folder, cacheCallables=False)
    assert old.run_once and not old.multithread and old.lock is not None
    assert old.resolve("") is not old.resolve("") and len(sys.loads) == 2
    # The same mtime with another content: no bytecode file may be used.
    write(folder, handler("two two"), mtime=10**18)
    assert call(old) == "two two"
    assert not list(folder.glob("__pycache__/application*"))


def test_importable_targets_without_cache_are_new_instances(folder):
    (folder / "importable_target.py").write_text(
        "class App:\n def __call__(self, environ, start_response): return [b'x']\n"
    )
    config = {"kind": "target", "name": "a", "target": "importable_target:App()"}
    new = make_slot({**config, "directory": str(folder), "cacheCallables": False}, CodeCache())
    assert new.resolve("") is not new.resolve("") and new.run_once
    kept = make_slot({**config, "directory": str(folder)}, CodeCache())
    assert kept.resolve("") is kept.resolve("")


@pytest.mark.parametrize("reload", [True, False])
def test_first_requests_at_the_same_time_load_once(folder, reload):
    write(folder, "import time\ntime.sleep(0.05)\n" + handler("one"), mtime=10**18)
    old = slot(folder, reloadOnModification=reload)
    found = run_together(lambda: old.resolve(""), 8)
    assert len(set(map(id, found))) == 1 and len(sys.loads) == 1
    if reload:
        write(folder, "import time\ntime.sleep(0.05)\n" + handler("two"), mtime=2 * 10**18)
        run_together(lambda: old.resolve(""), 8)
        assert len(sys.loads) == 2


def run_together(function, count):
    found = []
    barrier = threading.Barrier(count)

    def run():
        barrier.wait(10)
        found.append(function())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == count
    return found


CHOICE = """
from os import getcwd as imported
from functools import partial
def handler(environ, start_response): return [b'configured']
def other(environ, start_response): return [b'other']
def _hidden(environ, start_response): return [b'hidden']
async def asynchronous(environ, start_response): ...
class Instance:
    def __call__(self, environ, start_response): return [b'instance']
instance = Instance()
value = 5
"""


@pytest.fixture
def choice(folder):
    write(folder, CHOICE)
    return slot(folder, callableQueryName="which")


def test_a_query_chooses_the_callable(choice):
    assert call(choice, "which=other") == "other"
    assert call(choice, "a=b&which=instance&c") == "instance"
    assert call(choice, "%77hich=other") == "other"
    assert call(choice, "which=handler") == "configured"
    assert len(sys.loads) == 1


@pytest.mark.parametrize("query", ["", "a=b", "whichever=other", "a;which", "%"])
def test_without_the_parameter_the_configured_callable_answers(choice, query):
    assert call(choice, query) == "configured"


@pytest.mark.parametrize(
    "name",
    ["imported", "partial", "_hidden", "__builtins__", "value", "missing", "sys", "asynchronous"]
    + ["Instance().__call__", "a b", "sys.exit", "%00", "handler()"],
)
def test_everything_else_is_not_found(choice, name):
    with pytest.raises(Refusal) as caught:
        choice.resolve(f"which={name}")
    assert caught.value.status == 404


@pytest.mark.parametrize("query", ["which=", "which", "which=other&which=other"])
def test_an_empty_or_repeated_parameter_is_a_bad_request(choice, query):
    with pytest.raises(Refusal) as caught:
        choice.resolve(query)
    assert caught.value.status == 400


def test_clients_are_not_told_why_a_choice_failed_that_was_not_theirs(choice):
    with pytest.raises(Refusal) as caught:
        choice.resolve("", given="missing")
    assert (caught.value.status, str(caught.value)) == (500, "Internal Server Error")
    assert "application old was not dispatched" in caught.value.record
    assert "missing" in caught.value.record


def test_callables_have_the_name_that_they_were_found_by(choice):
    assert choice.name_of(choice.resolve("")) == "handler"
    assert choice.name_of(choice.resolve("", given="other")) == "other"
    assert choice.name_of(print) == "handler"


def test_the_query_chooses_nothing_when_it_is_off(folder):
    write(folder, CHOICE)
    assert call(slot(folder), "which=other") == "configured"


QUIXOTE = """\
import quixote
from quixote.directory import Directory
from quixote.publish import Publisher
publisher = Publisher(Directory())
handler = quixote.get_wsgi_app()
"""


@pytest.mark.parametrize(
    ("text", "threads", "lonely"),
    [
        (QUIXOTE, True, True),
        (QUIXOTE, False, False),
        (QUIXOTE + "publisher.is_thread_safe = True\n", True, False),
        (handler("x"), True, False),
    ],
)
def test_a_publisher_of_quixote_is_called_by_one_thread(folder, monkeypatch, text, threads, lonely):
    pytest.importorskip("quixote.publish")
    monkeypatch.setattr("quixote.publish._publisher", None)
    write(folder, text)
    old = slot(folder)
    old.base = {"wsgi.multithread": threads}
    old.load()
    assert (old.lock is not None, len(old.notes)) == (lonely, int(lonely))
    assert old.base["wsgi.multithread"] == (threads and not lonely)
