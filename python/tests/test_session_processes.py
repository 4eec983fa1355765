"""Sessions and application state that processes share."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.sessions import Client, sqlite_settings
from taipan import ending
from taipan.sessions import orphans, process
from taipan.sessions.application import ApplicationState
from taipan.sessions.errors import SessionBusy, SessionError
from taipan.sessions.orphans import remove_orphan
from taipan.sessions.process import configure_sessions, process_sessions

pytestmark = pytest.mark.usefixtures("session_stores")
FOLDER = Path(__file__).parents[1]
PROGRAM = """
import sys
import taipan.sessions.file_locks
from support.sessions import Client, sqlite_settings
client = Client(sqlite_settings(sys.argv[1], directory=sys.argv[1], lock_timeout=20))
client.cookies = sys.argv[2]
"""
COUNT = """
for _ in range(50):
    with client.request() as session:
        session["n"] = session.get("n", 0) + 1
"""
HOLD = """
session = client.open()
print(dict(session), flush=True)
sys.stdin.read()
"""
DEADLINE = 20


@contextmanager
def program(text, folder, cookies=""):
    """A process that has a client and runs `text`."""
    paths = os.pathsep.join([str(FOLDER), str(FOLDER / "tests")])
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM + text, str(folder), cookies],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            yield child
        finally:
            child.kill()


@pytest.fixture
def client(tmp_path):
    return Client(sqlite_settings(tmp_path / "made", directory=str(tmp_path / "made")))


def begin(client):
    with client.request() as session:
        session["n"] = 0
    return client.cookies


def test_processes_open_it_at_the_same_time_and_wait_for_each_other(client, tmp_path):
    folder = tmp_path / "made"
    # The first ones of all make the folder and the file.
    with program(COUNT, folder) as one, program(COUNT, folder) as two:
        assert (one.wait(DEADLINE), two.wait(DEADLINE)) == (0, 0)
    cookies = begin(client)
    with program(COUNT, folder, cookies) as one, program(COUNT, folder, cookies) as two:
        with ThreadPoolExecutor(2) as threads:
            for done in [threads.submit(count, client, 20) for _ in range(2)]:
                done.result(DEADLINE)
        assert (one.wait(DEADLINE), two.wait(DEADLINE)) == (0, 0)
    with client.request() as session:
        assert session["n"] == 140


def count(client, times):
    for _ in range(times):
        with client.request() as session:
            session["n"] += 1


@pytest.mark.parametrize("open_file", [True, False])
def test_the_lock_of_a_killed_process_is_free(client, tmp_path, monkeypatch, open_file):
    change = ""
    if not open_file:
        monkeypatch.setattr("taipan.sessions.file_locks._OPEN_FILE", False)
        change = "taipan.sessions.file_locks._OPEN_FILE = False"
    cookies = begin(client)
    with program(change + HOLD, tmp_path / "made", cookies) as child:
        assert child.stdout.readline() == b"{'n': 0}\n"
        hasty = Client(client.sessions.settings._replace(lock_timeout=0.05))
        hasty.cookies = cookies
        with pytest.raises(SessionBusy):
            hasty.open()
        opened = []
        waiting = threading.Thread(target=lambda: opened.append(client.open()))
        waiting.start()
        os.kill(child.pid, signal.SIGKILL)
        waiting.join(DEADLINE)
        assert opened == [{"n": 0}]
        opened[0].release()
    hasty.open().release()


def test_a_forked_process_opens_its_own(client):
    cookies = begin(client)
    held = client.open()
    child = os.fork()
    if child == 0:
        # What the parent holds is held for the child, too.
        code = 1
        try:
            mine = client.sessions.store
            client.sessions.settings = client.sessions.settings._replace(lock_timeout=0.05)
            try:
                client.open()
            except SessionBusy:
                client.cookies = ""
                begin(client)
                code = 0 if mine is client.sessions.store else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    held["n"] = 5
    client.finish(held)
    held.release()
    client.cookies = cookies
    with client.request() as session:
        assert session["n"] == 5


def test_a_folder_outlives_workers_but_not_its_owner(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "sessions.db").touch()
    remove_orphan(str(folder), os.getpid())
    assert (folder / "sessions.db").exists()
    with subprocess.Popen(["sleep", "1000"]) as owner:
        remove_orphan(str(folder), owner.pid)
        assert folder.exists()
        owner.kill()
        # It is a zombie until this process waits for it.
        os.waitid(os.P_PID, owner.pid, os.WEXITED | os.WNOWAIT)
        remove_orphan(str(folder), owner.pid)
        assert not folder.exists()
    folder.mkdir()
    remove_orphan(str(folder), owner.pid)
    assert not folder.exists()


def test_an_orphan_without_an_orderly_end_clears_up_too(tmp_path, monkeypatch):
    folder = tmp_path / "made"
    folder.mkdir()
    handlers = []
    monkeypatch.setattr("taipan.sessions.orphans.atexit.register", handlers.append)
    monkeypatch.setattr("taipan.sessions.orphans.ORPHAN_CALLS", ending.ORPHAN_CALLS[:0])
    monkeypatch.setattr("taipan.ending.ORPHAN_CALLS", orphans.ORPHAN_CALLS)
    with subprocess.Popen(["sleep", "1000"]) as owner:
        orphans.remove_at_end(str(folder), owner.pid)
        ending.clear_up_after_node()
        assert folder.exists()
        owner.kill()
    ending.clear_up_after_node()
    assert not folder.exists()
    folder.mkdir()
    [handler] = handlers
    handler()
    assert not folder.exists()


def test_an_orphan_waits_for_the_end_of_the_owner(tmp_path, monkeypatch):
    folder = tmp_path / "made"
    folder.mkdir()
    monkeypatch.setattr("taipan.sessions.orphans._PATIENCE_MS", DEADLINE * 1000)
    monkeypatch.setattr("taipan.sessions.orphans.ORPHANED", threading.Event())
    orphans.ORPHANED.set()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as owner:
        # Ends when this process lets it, while the call waits.
        threading.Timer(0.1, owner.stdin.close).start()
        remove_orphan(str(folder), owner.pid)
    assert not folder.exists()


@pytest.fixture
def application(tmp_path):
    configure_sessions(
        {
            "store": f"sqlite:{tmp_path}/sessions.db",
            "cookie": "sid",
            "lifetime": 1000,
            "lockTimeout": 100,
            "limit": 1000,
            "sameSite": "lax",
        }
    )
    yield ApplicationState()
    process_sessions().store.close()
    process._config = process._sessions = None


def test_application_state(application):
    assert dict(application) == {}
    application["b"] = {"c": (1, 2)}
    application["a"] = None
    assert application == {"a": None, "b": {"c": (1, 2)}}
    assert list(application) == ["a", "b"]
    assert len(application) == 2
    del application["a"]
    assert "a" not in application
    for name in ("a", "x"):
        with pytest.raises(KeyError, match=name):
            application[name]
        with pytest.raises(KeyError, match=name):
            del application[name]
    with pytest.raises(TypeError, match="names in taipan.application are texts, not int"):
        application[1] = 2
    with pytest.raises(SessionError, match=r"application\['b'\] has 1002 bytes, more than 1000"):
        application["b"] = "x" * 1000


def test_application_state_is_locked(application):
    application["n"] = 0

    def count():
        for _ in range(25):
            with application.lock(), application.lock():
                application["n"] += 1

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count) for _ in range(4)]:
            done.result(DEADLINE)
    assert application["n"] == 100
    with application.lock(), ThreadPoolExecutor(1) as threads:
        with pytest.raises(SessionBusy, match=r"held taipan\.application for 0\.1 seconds"):
            threads.submit(count).result(DEADLINE)


def test_there_is_no_state_outside_of_taipan():
    with pytest.raises(SessionError, match="that Taipan serves"):
        ApplicationState()["a"]
