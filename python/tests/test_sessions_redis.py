"""Sessions in a real Redis."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.sessions import BEGIN, Client
from taipan.sessions.errors import SessionBusy, SessionError
from taipan.sessions.redis_locks import RedisLocks
from taipan.sessions.redis_store import RedisStore
from taipan.sessions.settings import SessionSettings
from taipan.sessions.store import SessionRecord

pytestmark = pytest.mark.usefixtures("session_stores")
redis = pytest.importorskip("redis", reason="the package redis is not installed")
PROGRAM = shutil.which("redis-server")
needs_server = pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
DEADLINE = 20
KEY = b"k" * 32


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """URL of a Redis, and what talks to it."""
    path = tmp_path_factory.mktemp("redis") / "s"
    words = ["--port", "0", "--unixsocket", str(path), "--save", "", "--requirepass", "secret"]
    with subprocess.Popen([PROGRAM, *words], stdout=subprocess.DEVNULL, cwd=path.parent) as child:
        try:
            direct = redis.Redis(unix_socket_path=str(path), password="secret")
            wait_for(direct)
            yield f"unix://:secret@{path}", direct
            direct.close()
        finally:
            child.kill()


def wait_for(direct):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            return direct.ping()
        except redis.ConnectionError:
            time.sleep(0.02)
    raise AssertionError("redis-server did not start")


@pytest.fixture
def client(server):
    url, direct = server
    direct.flushall()
    return Client(SessionSettings(store=url))


@pytest.fixture
def locks(server):
    return RedisLocks(lambda name, *values, **more: getattr(server[1], name)(*values, **more))


@needs_server
def test_a_session(client, server):
    with client.request() as session:
        session["a"] = (1, {"b": b"\0\n"})
    identifier = client.cookies[4:]
    with client.request() as session:
        assert dict(session) == {"a": (1, {"b": b"\0\n"})}
        session["n"] = 1
        assert session.load()
        assert "n" not in session
        session.renew()
    old, client.cookies = f"sid={identifier}", client.cookies
    assert client.cookies != old
    with client.request() as session:
        assert (session.is_new(), session["a"][0], session.created()) == (False, 1, BEGIN)
    keys = [key for key in server[1].keys() if b"waiting" not in key]
    assert [key[:15] for key in keys] == [b"taipan:session:"]
    assert identifier.encode() not in b"".join(keys)
    assert 1_790_000 < server[1].pttl(keys[0]) <= 1_800_000
    live, client.cookies = client.cookies, old
    with client.request() as session:
        assert session.is_new()
    client.cookies = live
    with client.request() as session:
        session.invalidate()
    client.cookies = live
    with client.request() as session:
        assert session.is_new()


@needs_server
def test_it_ends_without_requests(client):
    with client.request() as session:
        session["a"] = 1
        session.set_timeout(100)
    client.clock.now += 99
    with client.request() as session:
        assert session["a"] == 1
    client.clock.now += 101
    with client.request() as session:
        assert session.is_new()
        session.cleanup()


@needs_server
def test_what_has_ended_stays_ended(client):
    store = client.sessions.store
    record = SessionRecord(b"{}", BEGIN, BEGIN, 10, "/")
    other = b"o" * 32
    assert not store.change(KEY, KEY, record)
    assert not store.change(KEY, other, record)
    assert store.load(other, BEGIN) is None
    store.insert(KEY, record)
    assert store.change(KEY, other, record._replace(data=b"[]"))
    assert store.load(KEY, BEGIN) is None
    assert store.load(other, BEGIN) == record._replace(data=b"[]")


@needs_server
def test_another_request_waits(client):
    with client.request() as session:
        session["n"] = 0

    def count():
        for _ in range(10):
            with client.request() as session:
                session["n"] += 1

    with ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(count) for _ in range(6)]:
            done.result(DEADLINE)
    with client.request() as session:
        assert session["n"] == 60


@needs_server
def test_waiting_has_an_end(client):
    with client.request() as session:
        session["n"] = 0
    held = client.open()
    hasty = Client(client.sessions.settings._replace(lock_timeout=0.05))
    hasty.cookies = client.cookies
    with pytest.raises(SessionBusy, match=r"0\.05 seconds"):
        hasty.open()
    held.release()
    hasty.open().release()


HOLD = """
import sys
from support.sessions import Client
from taipan.sessions.settings import SessionSettings
client = Client(SessionSettings(store=sys.argv[1]))
client.sessions.store._locks.lease = 300
lock = client.sessions.store.make_lock(b"k" * 32)
lock.take(1)
print("held", flush=True)
sys.stdin.read()
"""


@needs_server
def test_a_lock_is_held_as_long_as_its_process_lives(client, server):
    folder = Path(__file__).parent
    paths = os.pathsep.join([str(folder.parent), str(folder)])
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, server[0]],
        env={**os.environ, "PYTHONPATH": paths},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        try:
            assert child.stdout.readline() == b"held\n"
            with pytest.raises(SessionBusy):
                # Some times as long as it is held without a sign of life.
                client.sessions.store.make_lock(KEY).take(1.5)
            child.send_signal(signal.SIGKILL)
            lock = client.sessions.store.make_lock(KEY)
            lock.take(DEADLINE)
            lock.release()
        finally:
            child.kill()


@needs_server
def test_a_lock_that_is_lost_is_not_taken_from_others(locks, server):
    first, second, third = (locks.make("lock") for _ in range(3))
    first.take(1)
    server[1].delete("lock")
    second.take(1)
    first.release()
    with pytest.raises(SessionBusy):
        third.take(0)
    third.release()
    second.release()
    third.take(0)
    third.release()
    third.release()


@needs_server
def test_who_waits_is_woken(locks, server, monkeypatch):
    monkeypatch.setattr("taipan.sessions.redis_locks._LOOK", 2 * DEADLINE)
    lock, other = locks.make("woken"), locks.make("woken")
    lock.take(1)
    woken = threading.Event()

    def wait():
        other.take(2 * DEADLINE)
        other.release()
        woken.set()

    thread = threading.Thread(target=wait)
    thread.start()
    end = time.monotonic() + DEADLINE
    while server[1].info("clients")["blocked_clients"] == 0 and time.monotonic() < end:
        time.sleep(0.01)
    lock.release()
    assert woken.wait(DEADLINE)
    thread.join()


@needs_server
def test_values_of_the_application(client):
    store = client.sessions.store
    assert store.read_value("a") is None
    store.write_value("b", b"2")
    store.write_value("é", b"3")
    store.write_value("a", b"1")
    assert store.list_values() == ["a", "b", "é"]
    assert store.read_value("é") == b"3"
    store.write_value("a", None)
    assert store.list_values() == ["b", "é"]


@needs_server
def test_what_cannot_be_read_begins_anew(client, server):
    with client.request() as session:
        session["a"] = 1
    (key,) = (key for key in server[1].keys() if key.startswith(b"taipan:session:"))
    for wrong in (b"x", b"[1]\n{}", b'[1, 2, 3, "/"]\nx'):
        server[1].set(key, wrong)
        with client.request() as session:
            assert session.is_new()


@pytest.mark.parametrize("url", ["unix://:secret@/nowhere/s", "redis://:secret@127.0.0.1:1/0"])
def test_a_redis_that_is_not_there(url):
    with pytest.raises(SessionError, match=r"the Redis at (/nowhere/s|127\.0\.0\.1:1), fails: "):
        try:
            RedisStore(url)
        except SessionError as error:
            assert "secret" not in str(error)
            raise


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(SessionError, match="pip install redis"):
        RedisStore("redis://127.0.0.1")
