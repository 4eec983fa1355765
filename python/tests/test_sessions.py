"""Sessions over a real file of SQLite."""

import json
import os
import re
import sqlite3
import stat
import threading
import weakref
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from uuid import UUID

import pytest

from support.sessions import BEGIN, Client, Clock, sqlite_settings
from taipan.sessions.cookies import find_ids, make_key
from taipan.sessions.errors import SessionBusy, SessionError
from taipan.sessions.file_locks import FileLocks
from taipan.sessions.sqlite_store import SWEEP_INTERVAL
from taipan.sessions.values import decode_value, encode_value

pytestmark = pytest.mark.usefixtures("session_stores")
ID = re.compile(r"sid=([0-9a-f]{32})")


@pytest.fixture
def client(tmp_path):
    return Client(sqlite_settings(tmp_path))


def id_of(client):
    match = ID.match(client.cookies)
    assert match
    return match[1]


def rows(folder, what="count(*)"):
    with closing(sqlite3.connect(folder / "sessions.db")) as database:
        return database.execute(f"SELECT {what} FROM taipan_sessions").fetchall()


def test_values_stay(client):
    with client.request() as session:
        assert session.is_new()
        session["name"] = "Ada"
        session["cart"] = [1]
    with client.request() as session:
        assert not session.is_new()
        assert session == {"name": "Ada", "cart": [1]}
        session["cart"].append(2)
    assert client.cookie() is None
    with client.request() as session:
        assert session["cart"] == [1, 2]


def test_one_that_is_only_read_is_not_made(client, tmp_path):
    with client.request() as session:
        assert "name" not in session
    assert client.fields == [("Content-Type", "text/plain"), ("Vary", "Cookie")]
    assert rows(tmp_path) == [(0,)]


def test_an_issued_one_is_stored_empty(client, tmp_path):
    with client.request() as session:
        session.issue()
        assert session.id() == session.id()
        identifier = session.id()
    assert id_of(client) == identifier
    assert rows(tmp_path) == [(1,)]
    with client.request() as session:
        assert (session.is_new(), session.id()) == (False, identifier)


def test_the_cookie(client, tmp_path):
    with client.request() as session:
        session["a"] = 1
    assert re.fullmatch(r"sid=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", client.cookie())
    assert ("Cache-Control", 'no-cache="Set-Cookie"') in client.fields
    other = Client(
        sqlite_settings(tmp_path, cookie="s-2", domain="example.org", same_site="Strict")
    )
    with other.request(secure=True, path="/shop/ö;x") as session:
        session["a"] = 1
    assert re.fullmatch(
        r"s-2=[0-9a-f]{32}; Path=/shop/%C3%B6%3Bx; Domain=example.org; HttpOnly;"
        r" SameSite=Strict; Secure",
        other.cookie(),
    )


def test_cache_control_of_the_page_stays(client):
    session = client.open()
    session["a"] = 1
    fields = session.complete([("cache-control", "private")])
    assert [value for name, value in fields if name.lower() == "cache-control"] == ["private"]


def test_an_id_that_was_never_issued_is_not_adopted(client):
    forged = "0123456789abcdef" * 2
    client.cookies = f"sid={forged}"
    with client.request() as session:
        assert session.is_new()
        session["a"] = 1
    assert id_of(client) != forged


def test_a_renewed_one_has_its_values_and_the_old_id_is_dead(client):
    with client.request() as session:
        session["a"] = 1
    old = client.cookies
    with client.request() as session:
        session.renew()
        session["b"] = 2
    new = client.cookies
    assert new != old
    client.cookies = old
    with client.request() as session:
        assert (session.is_new(), dict(session)) == (True, {})
    client.cookies = new
    with client.request() as session:
        assert dict(session) == {"a": 1, "b": 2}


def test_a_request_that_fails_changes_nothing(client):
    with client.request() as session:
        session["a"] = 1
    before = client.cookies
    with pytest.raises(LookupError), client.request() as session:
        session["a"] = 2
        session.renew()
        raise LookupError
    client.cookies = before
    with client.request() as session:
        assert dict(session) == {"a": 1}


def test_renewing_after_the_head_is_an_error(client):
    with client.request() as session:
        session["a"] = 1
    session = client.open()
    client.begun = True
    with pytest.raises(SessionError, match="after the head of the response"):
        session.renew()
    session.release()


def test_an_id_after_the_head_is_an_error(client):
    session = client.open()
    client.begun = True
    assert not session.issue()
    with pytest.raises(SessionError, match="after the head of the response"):
        session.id()


def test_one_begun_after_the_head_is_reported(client, tmp_path):
    session = client.open()
    session.complete([])
    client.begun = True
    session["a"] = 1
    session.save()
    [text] = client.records
    assert "begun after the head" in text
    assert rows(tmp_path) == [(0,)]


def test_changes_after_the_head_are_stored(client):
    session = client.open()
    session["a"] = 1
    client.finish(session)
    client.begun = True
    session["a"] = 2
    session.save()
    session.release()
    assert not client.records
    with client.request() as session:
        assert session["a"] == 2


def test_an_invalid_one_is_gone(client, tmp_path):
    with client.request(path="/shop") as session:
        session["a"] = 1
    old = client.cookies
    with client.request() as session:
        session.invalidate()
        assert dict(session) == {}
    # The cookie of that path is taken away, whatever the path of this request is.
    assert client.cookie() == (
        "sid=; Path=/shop; HttpOnly; SameSite=Lax; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"
    )
    assert rows(tmp_path) == [(0,)]
    client.cookies = old
    with client.request() as session:
        assert session.is_new()


def test_after_an_invalid_one_a_new_one_begins(client):
    with client.request() as session:
        session["a"] = 1
    old = client.cookies
    with client.request() as session:
        session.invalidate()
        session["b"] = 2
    assert client.cookies != old
    with client.request() as session:
        assert dict(session) == {"b": 2}


def test_a_deleted_one_keeps_its_id(client):
    with client.request() as session:
        session["a"] = 1
    with client.request() as session:
        session.delete()
    assert client.cookie() is None
    with client.request() as session:
        assert (session.is_new(), dict(session)) == (False, {})


def test_loading_forgets_changes(client):
    with client.request() as session:
        session["a"] = 1
        assert not session.load()
        session["a"] = 1
    with client.request() as session:
        session["a"] = 2
        assert session.load()
        assert session["a"] == 1


def test_it_ends_without_requests(client):
    with client.request() as session:
        session["a"] = 1
        assert (session.created(), session.timeout()) == (BEGIN, 1800)
    for _ in range(4):
        client.clock.now += 1000
        with client.request() as session:
            assert session["a"] == 1
            assert session.created() == BEGIN
            assert session.last_accessed() == client.clock.now
    client.clock.now += 1801
    with client.request() as session:
        assert session.is_new()


def test_its_own_timeout(client):
    with client.request() as session:
        session.set_timeout(10)
        session["a"] = 1
    client.clock.now += 9
    with client.request() as session:
        assert (session.timeout(), session["a"]) == (10, 1)
        session.set_timeout(100)
    client.clock.now += 99
    with client.request() as session:
        assert session["a"] == 1
    client.clock.now += 101
    with client.request() as session:
        assert session.is_new()


def test_expired_ones_are_swept(client, tmp_path):
    for _ in range(3):
        client.cookies = ""
        with client.request() as session:
            session["a"] = 1
    client.clock.now += 1801 + SWEEP_INTERVAL
    client.cookies = ""
    with client.request() as session:
        session["a"] = 1
    assert rows(tmp_path) == [(1,)]


def test_sweeps_are_rare_in_all_processes(client, tmp_path):
    with client.request() as session:
        session.set_timeout(1)
        session["a"] = 1
    client.clock.now += 10
    for other in (client, Client(sqlite_settings(tmp_path), client.clock)):
        other.cookies = ""
        with other.request() as session:
            session["b"] = 1
    assert rows(tmp_path) == [(3,)]


def test_sweeps_go_on_when_the_clock_is_put_back(client, tmp_path):
    with client.request() as session:
        session["a"] = 1
    client.clock.now -= 1_000_000
    client.cookies = ""
    with client.request() as session:
        session.set_timeout(1)
        session["b"] = 1
    client.clock.now += SWEEP_INTERVAL + 1
    client.cookies = ""
    with client.request() as session:
        session["c"] = 1
    assert rows(tmp_path) == [(2,)]


def test_a_sweep_of_many_goes_on(client, tmp_path):
    store = client.sessions.store
    with client.request() as session:
        session["a"] = 1
    with closing(sqlite3.connect(tmp_path / "sessions.db")) as database, database:
        database.executemany(
            "INSERT INTO taipan_sessions VALUES (?, '{}', 0, 0, 0, '/', 0)",
            [(os.urandom(32),) for _ in range(2500)],
        )
    client.clock.now += SWEEP_INTERVAL + 1
    for left in (1501, 501, 1):
        store.sweep(client.clock.now)
        assert rows(tmp_path) == [(left,)]


def test_ids_are_not_in_the_store(client, tmp_path):
    with client.request() as session:
        session["a"] = 1
    identifier = id_of(client)
    assert rows(tmp_path, "key") == [(make_key(identifier),)]
    for path in tmp_path.iterdir():
        assert identifier.encode() not in path.read_bytes()


def test_files_are_private(tmp_path):
    folder = tmp_path / "made"
    client = Client(sqlite_settings(folder, directory=str(folder)))
    assert not folder.exists()
    before = os.umask(0)
    try:
        with client.request() as session:
            session["a"] = 1
    finally:
        os.umask(before)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert len(modes) >= 2
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("kind", ["open", "link"])
def test_a_folder_of_others_is_refused(tmp_path, kind):
    folder = tmp_path / "made"
    if kind == "open":
        folder.mkdir()
        folder.chmod(0o755)
    else:
        (tmp_path / "other").mkdir(0o700)
        folder.symlink_to(tmp_path / "other")
    client = Client(sqlite_settings(folder, directory=str(folder)))
    with pytest.raises(SessionError, match="no private folder"):
        client.open()


def test_a_store_that_cannot_be_opened(tmp_path):
    client = Client(sqlite_settings(tmp_path / "missing"))
    with pytest.raises(SessionError, match=r"missing/sessions\.db, fails: .*No such file"):
        client.open()
    (tmp_path / "sessions.db").write_text("no database, but long enough to be looked at" * 100)
    client = Client(sqlite_settings(tmp_path))
    with pytest.raises(SessionError, match="not a database"):
        client.open()


@pytest.mark.parametrize("data", [b"x", b'[["a", 1], 2]', b"7", b"\xff"])
def test_what_cannot_be_read_begins_anew(client, tmp_path, data):
    with client.request() as session:
        session["a"] = 1
    with closing(sqlite3.connect(tmp_path / "sessions.db")) as database, database:
        database.execute("UPDATE taipan_sessions SET data = ?", [data])
    with client.request() as session:
        assert (session.is_new(), dict(session)) == (True, {})
        session["a"] = 2
    [text] = client.records
    assert "cannot be read" in text
    with client.request() as session:
        assert session["a"] == 2


def test_a_large_one_is_refused(client):
    with pytest.raises(SessionError, match=r"sessions\.limit"), client.request() as session:
        session["a"] = "x" * 2_000_000


def test_an_object_is_refused_by_name(client):
    with pytest.raises(SessionError, match="builtins.object cannot be stored"):
        with client.request() as session:
            session["a"] = [object()]


class Text(str):
    pass


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        10**30,
        1.5,
        float("inf"),
        "é\udcff\0",
        b"\0\xff",
        (1, (2,)),
        {1, 2},
        frozenset("a"),
        {1: "a", (1, 2): "b", "c": None},
        {"$tuple": 1},
        {"$": [{"$set": []}]},
        [datetime(2026, 1, 2, 3, 4, 5, 6, timezone.utc), date(2026, 1, 2), timedelta(-1, 2, 3)],
        datetime(2026, 1, 2).time(),
        Decimal("1.10"),
        UUID(int=7),
    ],
)
def test_values_come_back_as_they_were(value):
    read = decode_value(encode_value(value))
    assert read == value
    assert type(read) is type(value)


def test_values_of_derived_types_come_back_as_the_types():
    read = decode_value(encode_value({"a": Text("b")}))
    assert type(read["a"]) is str


def test_values_that_contain_themselves_are_refused():
    circle = []
    circle.append(circle)
    with pytest.raises(SessionError, match="contains itself"):
        encode_value(circle)


def test_nothing_that_is_stored_runs_code():
    for text in ('{"$os.system": "x"}', '{"$set": [[]]}', '{"$dict": 1}', "\xff", "[" * 100_000):
        try:
            decode_value(text.encode("latin-1"))
        except SessionError:
            continue
        assert text == '{"$os.system": "x"}'


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("", []),
        ("sid=" + "a" * 32, ["a" * 32]),
        ("a=1; sid=" + "a" * 32 + " ; b=2", ["a" * 32]),
        ("sid=x;sid=" + "a" * 32 + ";sid=" + "b" * 32, ["a" * 32, "b" * 32]),
        ('sid="' + "a" * 32 + '"', ["a" * 32]),
        ("sid=" + "A" * 32, []),
        ("sid=" + "a" * 31, []),
        ("sid=" + "a" * 33, []),
        ("xsid=" + "a" * 32, []),
        ("sid=" + "a" * 32 + "\xff", []),
        ("sid=../../etc/passwd", []),
        ("sid=" + "a" * 1_000_000, []),
        ("; " * 500_000 + "sid=", []),
        ("sid=" + "a" * 32 + ("; sid=" + "b" * 32) * 10, ["a" * 32, *["b" * 32] * 3]),
    ],
)
def test_ids_of_a_cookie_header(header, found):
    assert find_ids(header, "sid") == found


def test_malformed_ids_do_not_reach_the_store(client, tmp_path):
    client.sessions.store.load = None
    for cookies in ("sid=x", "sid=" + "g" * 32, "sid=" + "a" * 1_000_000, "sid"):
        assert client.open(cookies=cookies).is_new()
    assert client.records == []


def test_the_cookie_that_lives_is_taken(client):
    with client.request() as session:
        session["a"] = 1
    client.cookies = f"sid={'0' * 32}; {client.cookies}"
    with client.request() as session:
        assert session["a"] == 1


def test_another_request_waits(client):
    with client.request() as session:
        session["n"] = 0

    def count():
        with client.request() as session:
            session["n"] += 1

    threads = [threading.Thread(target=count) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with client.request() as session:
        assert session["n"] == 20


def test_waiting_has_an_end(tmp_path):
    client = Client(sqlite_settings(tmp_path, lock_timeout=0.05))
    with client.request() as session:
        session["a"] = 1
    held = client.open()
    for other in (client, Client(sqlite_settings(tmp_path, lock_timeout=0.05))):
        other.cookies = client.cookies
        for _ in range(2):
            with pytest.raises(SessionBusy, match=r"held the session for 0\.05 seconds"):
                other.open()
    held.release()
    for other in (client, Client(sqlite_settings(tmp_path, lock_timeout=10))):
        other.cookies = client.cookies
        with other.request() as session:
            assert session["a"] == 1


def test_an_unlocked_one_is_free(tmp_path):
    client = Client(sqlite_settings(tmp_path, lock_timeout=0.05))
    with client.request() as session:
        session["a"] = 1
    first = client.open()
    first["a"] = 2
    first.unlock()
    with client.request() as session:
        assert session["a"] == 2
        session["a"] = 3
    first.lock()
    assert first["a"] == 3
    with pytest.raises(SessionBusy):
        client.open()
    first.release()


def test_an_unlocked_one_that_others_have_ended_stays_ended(client):
    with client.request() as session:
        session["a"] = 1
    cookies = client.cookies
    first = client.open()
    first.unlock()
    with client.request() as session:
        session.invalidate()
    first["a"] = 2
    first.save()
    client.cookies = cookies
    with client.request() as session:
        assert session.is_new()


def test_a_request_that_is_over_is_not_kept(client):
    report = client.records.append

    class Output:
        begun = False

    output = Output()
    kept = weakref.ref(output)
    session = client.open(has_begun=partial(getattr, output, "begun"), report=report)
    session["a"] = 1
    client.finish(session)
    session.close()
    del output
    assert kept() is None
    assert session["a"] == 1


def test_a_new_one_is_held_until_its_request_ends(tmp_path):
    client = Client(sqlite_settings(tmp_path, lock_timeout=0.05))
    session = client.open()
    session["a"] = 1
    client.finish(session)
    with pytest.raises(SessionBusy):
        client.open()
    session.release()
    client.open().release()


@pytest.mark.parametrize(("seconds", "shown"), [(1800, "1800"), (0.5, "0.5")])
def test_a_timeout_looks_as_it_was_set(client, seconds, shown):
    with client.request() as session:
        assert str(session.timeout()) == "1800"
        session.set_timeout(seconds)
        session["a"] = 1
    with client.request() as session:
        assert str(session.timeout()) == shown
        assert str(session.load()) == "1"


def test_requests_that_only_read_are_noted_once_in_a_second(client, tmp_path):
    with client.request() as session:
        session["a"] = 1
    for seconds, noted in ((0.5, BEGIN), (0.5, BEGIN + 1)):
        client.clock.now += seconds
        with client.request():
            pass
        assert rows(tmp_path, "accessed") == [(noted,)]


@pytest.mark.parametrize("seconds", [-1, float("inf"), float("nan")])
def test_a_timeout_is_a_time(client, seconds):
    with client.request() as session:
        with pytest.raises(ValueError, match="timeout of a session"):
            session.set_timeout(seconds)


@pytest.mark.parametrize("open_file", [True, False])
def test_an_interrupted_wait_keeps_nothing(tmp_path, monkeypatch, open_file):
    if not open_file:
        monkeypatch.setattr("taipan.sessions.file_locks._OPEN_FILE", False)
    locks = FileLocks(str(tmp_path / "lock"))
    first, interrupted, next_one = (locks.make(7) for _ in range(3))
    first.take(0)
    locks.enter(interrupted)
    first.release()
    assert interrupted.granted
    # As if an exception had come before `take` could return.
    interrupted.release()
    interrupted.release()
    next_one.take(0)
    waits = locks.make(7)
    locks.enter(waits)
    waits.release()
    next_one.release()
    locks.make(7).take(0)
    locks.close()


def test_another_process_of_the_same_name_reads_it(tmp_path):
    clock = Clock()
    first, second = (Client(sqlite_settings(tmp_path), clock) for _ in range(2))
    with first.request() as session:
        session["a"] = {"b": 1}
    second.cookies = first.cookies
    with second.request() as session:
        assert json.dumps(session) == '{"a": {"b": 1}}'
