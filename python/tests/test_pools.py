"""Pools of database connections."""

import gc
import os
import signal
import sqlite3
import sys
import textwrap
import threading

import pytest

from support.connections import Lab
from taipan.pools import pool as pool_module
from taipan.pools import pools as pools_module
from taipan.pools.data_source import parse_data_source
from taipan.pools.errors import PoolError
from taipan.pools.pool import HANDLE_LIMIT
from taipan.pools.pools import find_pool
from taipan.pools.statements import split_statements


@pytest.fixture
def file(tmp_path):
    with sqlite3.connect(tmp_path / "data.db") as connection:
        connection.execute("create table t (id integer primary key, name text)")
        connection.executemany("insert into t (name) values (?)", [("ada",), (None,), ("zoë",)])
    connection.close()
    return tmp_path / "data.db"


@pytest.fixture
def lab(tmp_path, file):
    return Lab(str(tmp_path), pools={"main": f"sqlite:{file}", "other": "nowhere_db:secret"})


def use(lab, script):
    """Runs `script` with the connection; gives its result."""
    found = []

    def run(conn, out):
        found.append(script(conn))
        conn.return_ok()

    assert lab.get(run).status == 200, lab.recorder.records
    return found[0]


def names(file):
    with sqlite3.connect(file) as connection:
        found = [row[0] for row in connection.execute("select name from t order by id")]
    connection.close()
    return found


def test_rows_are_addressed_by_number_and_name(lab):
    def script(conn):
        handle = conn.db_handle()
        columns = handle.select("select id, name as Title from t order by id")
        assert columns.items() == [("id", ""), ("Title", "")]
        assert handle.is_fetching
        first = handle.get_row()
        assert (first["title"], first[0], first.items()) == (
            "ada",
            "1",
            [("id", "1"), ("Title", "ada")],
        )
        second = handle.get_row(conn.set_type())
        assert second["Title"] == "" and handle.row is first
        handle.flush()
        assert handle.get_row() is None and not handle.is_fetching
        return [row["name"] for row in handle.rows("select name from t where id > ?", (1,))]

    assert use(lab, script) == ["", "zoë"]


def test_single_rows(lab):
    def script(conn):
        handle = conn.db_handle("main")
        assert handle.one_row("select name from t where id = 1")["name"] == "ada"
        assert handle.zero_or_one_row("select name from t where id = 9") is None
        with pytest.raises(PoolError, match="^pool main: the query has no row: select"):
            handle.one_row("select name from t where id = 9")
        with pytest.raises(PoolError, match="^pool main: the query has more than one row"):
            handle.zero_or_one_row("select name from t")
        assert not handle.is_fetching
        with pytest.raises(PoolError, match="^pool main: the statement has no rows: delete"):
            handle.select("delete from t where id = 9")
        assert handle.bind_row().items() == []

    use(lab, script)


def test_statements_are_transactions_unless_one_is_begun(lab, file):
    def script(conn):
        handle = conn.db_handle()
        handle.dml("insert into t (name) values (?)", ("kept",))
        handle.dml("begin transaction")
        handle.dml("insert into t (name) values ('undone')")
        handle.dml("ABORT TRANSACTION;")
        handle.dml("start transaction")
        handle.dml("insert into t (name) values ('committed')")
        handle.dml("end transaction")
        handle.dml("begin")
        handle.dml("savepoint a")
        handle.dml("insert into t (name) values ('undone')")
        handle.dml("rollback to a")
        handle.dml("insert into t (name) values ('lost')")
        assert len(list(handle.rows("select * from t"))) == 6

    use(lab, script)
    assert names(file) == ["ada", None, "zoë", "kept", "committed"]


def test_a_reset_rolls_back(lab, file):
    def script(conn):
        handle = conn.db_handle()
        handle.dml("begin")
        handle.dml("delete from t")
        handle.reset()
        return len(list(handle.rows("select * from t")))

    assert use(lab, script) == 3
    assert len(names(file)) == 3


def test_failures_name_the_pool(lab):
    def script(conn):
        handle = conn.db_handle()
        with pytest.raises(PoolError, match="^pool main: no such table: none"):
            handle.dml("select * from none")
        assert handle.message == "pool main: no such table: none"
        assert handle.statement == "select * from none"
        with pytest.raises(PoolError, match="^pool main: sqlite has no stored procedures"):
            handle.call_procedure("x")
        with pytest.raises(PoolError, match="^pool other: there is no module nowhere_db; install"):
            conn.db_handle("other")
        with pytest.raises(PoolError, match="^pool third: .* it has: main, other"):
            conn.db_handle("third")

    use(lab, script)


def test_a_route_without_pools(tmp_path):
    def script(conn):
        with pytest.raises(PoolError, match="option pools, as in"):
            conn.db_handle()

    use(Lab(str(tmp_path)), script)


def test_what_cannot_be_opened(tmp_path):
    def script(conn):
        with pytest.raises(PoolError, match="^pool main: cannot open sqlite:/.*: unable to open"):
            conn.db_handle()
        with pytest.raises(PoolError, match="^pool main: cannot open"):
            conn.db_handle()

    use(Lab(str(tmp_path), pools={"main": f"sqlite:{tmp_path}/none/data.db"}), script)


def test_statements_are_logged_where_asked(lab):
    def script(conn):
        handle = conn.db_handle()
        handle.verbose = True
        handle.dml("select 1")

    use(lab, script)
    assert lab.recorder.records == ["info: pool main: select 1"]


def test_handles_come_back_when_their_objects_die(lab):
    def script(conn):
        connections = set()
        for _ in range(HANDLE_LIMIT * 3):
            connections.add(id(conn.db_handle(wait=0).connection))
        assert not lab.request.held
        return len(connections)

    assert use(lab, script) == 1


def test_handles_come_back_at_the_end_of_the_request(lab, file):
    kept = []

    def script(conn):
        kept.append(conn.db_handle())
        kept[0].dml("begin")
        kept[0].dml("delete from t")
        assert kept[0].connected

    use(lab, script)
    assert not kept[0].connected and len(names(file)) == 3
    with pytest.raises(PoolError, match="^pool main: the handle has been given back"):
        kept[0].dml("select 1")
    with pytest.raises(PoolError, match="given back"):
        kept[0].connection  # noqa: B018
    kept[0].flush()
    kept[0].release()
    use(lab, lambda conn: conn.db_handle(wait=0).one_row("select 1"))


def test_a_request_that_is_over_gets_no_handle(lab):
    kept = []
    use(lab, kept.append)
    with pytest.raises(PoolError, match="the request is over"):
        kept[0].db_handle()


def test_handles_are_bounded_and_waited_for(lab):
    def script(conn):
        handles = [conn.db_handle() for _ in range(HANDLE_LIMIT)]
        with pytest.raises(PoolError, match=f"^pool main: all {HANDLE_LIMIT} handles are in use"):
            conn.db_handle(wait=0.01)
        waiting = threading.Event()
        found = []

        def take():
            waiting.set()
            found.append(conn.db_handle(wait=20).one_row("select 7 as n")["n"])

        thread = threading.Thread(target=take)
        thread.start()
        waiting.wait()
        handles.pop().release()
        thread.join()
        return found

    assert use(lab, script) == ["7"]


def test_threads_have_handles_of_their_own(lab, file):
    def script(conn):
        def work(index):
            handle = conn.db_handle()
            for _ in range(5):
                handle.dml("insert into t (name) values (?)", (str(index),))

        threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    use(lab, script)
    assert len(names(file)) == 3 + 4 * 5


def test_a_connection_in_use_at_the_end_is_not_used_again(lab, file):
    entered, leave = threading.Event(), threading.Event()
    kept = []

    def script(conn):
        handle = conn.db_handle()
        kept.append(handle.connection)

        def wait(value):
            entered.set()
            leave.wait()
            return value

        handle.connection.create_function("wait", 1, wait)

        def work():
            with pytest.raises(PoolError, match="given back"):
                handle.one_row("select wait(1)")

        thread = threading.Thread(target=work)
        thread.start()
        kept.append(thread)
        entered.wait()

    use(lab, script)
    leave.set()
    kept[1].join()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        kept[0].execute("select 1")
    assert use(lab, lambda conn: conn.db_handle(wait=0).connection) is not kept[0]


def test_a_bounced_pool_opens_new_connections(lab):
    from taipan.pools.pools import find_pool

    def script(conn):
        handle = conn.db_handle()
        idle = conn.db_handle().connection
        find_pool(lab.settings.pools).bounce()
        fresh = conn.db_handle().connection
        return idle, handle.connection, fresh

    idle, used, fresh = use(lab, script)
    assert len({id(idle), id(used), id(fresh)}) == 3
    for old in (idle, used):
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            old.execute("select 1")
    fresh.execute("select 1")


def test_connections_that_were_idle_for_long_are_closed(lab, monkeypatch):
    first = use(lab, lambda conn: conn.db_handle().connection)
    monkeypatch.setattr(pool_module, "_IDLE_SECONDS", -1.0)
    assert use(lab, lambda conn: conn.db_handle().connection) is not first


def test_a_forked_process_has_its_own_connections(file):
    pool = find_pool({"forked": f"sqlite:{file}"})
    opened = pool.acquire()
    pool.release(opened, usable=True)
    process = os.fork()
    if process == 0:
        mine = pool.acquire(0).connection
        os._exit(0 if mine is not opened.connection else 1)
    assert os.waitpid(process, 0)[1] == 0
    assert pool.acquire() is opened


def test_a_forked_process_lets_no_connection_of_its_parent_go(tmp_path, foreign):
    pool = find_pool({"main": "foreign_db:inherited"})
    pool.release(pool.acquire(), usable=True)
    foreign.Connection.__del__ = lambda self: os._exit(1)
    process = os.fork()
    if process == 0:
        pool.bounce()
        mine = pool.acquire(0)
        gc.collect()
        os._exit(0 if mine and "(close)" not in foreign.log else 2)
    ending = os.waitpid(process, 0)[1]
    del foreign.Connection.__del__
    assert ending == 0


def test_a_forked_process_waits_for_no_thread_of_its_parent(file):
    """A lock that another thread holds is never released in the child."""
    pools = {"held": f"sqlite:{file}"}
    pool = find_pool(pools)
    holding, done = threading.Event(), threading.Event()

    def hold():
        with pools_module._lock, pool._changed:
            holding.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(30)
    process = os.fork()
    if process == 0:
        signal.alarm(20)
        os._exit(0 if find_pool(pools).acquire(0) else 1)
    done.set()
    holder.join()
    assert os.waitpid(process, 0)[1] == 0


def test_a_forked_process_leaves_handles_alone(lab, file):
    def script(conn):
        handle = conn.db_handle()
        handle.dml("begin")
        handle.dml("insert into t (name) values ('kept')")
        process = os.fork()
        if process == 0:
            try:
                assert not handle.connected
                handle.release()
                with pytest.raises(PoolError, match="given back"):
                    handle.dml("rollback")
            except BaseException:
                os._exit(1)
            os._exit(0)
        assert os.waitpid(process, 0)[1] == 0
        handle.dml("commit")

    use(lab, script)
    assert names(file)[3:] == ["kept"]


def test_files_of_sql(lab, tmp_path, file):
    (tmp_path / "more.sql").write_text(
        "insert into t (name) values ('a;b'); -- x;\ninsert into t (name) values ('c')"
    )
    use(lab, lambda conn: conn.db_handle().run_file(str(tmp_path / "more.sql")))
    assert names(file)[3:] == ["a;b", "c"]
    text = """a 'x;''y' "b;" -- c;\n /* d; */ e; ;f\n"""
    assert list(split_statements(text)) == ["""a 'x;''y' "b;" \n  e""", "f"]


def test_data_sources():
    assert parse_data_source("sqlite::memory:").description == "sqlite::memory:"
    assert parse_data_source("psycopg:dbname=x password=y").description == "psycopg"


MODULE = """
log = []
fails = []

class Cursor:
    description = None

    def __init__(self, connection):
        self.connection = connection

    def execute(self, sql, parameters=None):
        log.append(sql if parameters is None else (sql, parameters))
        if fails:
            raise fails.pop()
        self.description = [("n",)] if sql.startswith("select") else None

    def fetchone(self):
        return (1,)

    def callproc(self, name, parameters):
        log.append((name, parameters))
        self.description = [("n",)]
        return [*parameters[:-1], "out"]

    def close(self):
        pass

class OperationalError(Exception):
    pass

class AdminShutdown(OperationalError):
    pass

class Connection:
    def __init__(self, *args, **named):
        log.append(("connect", args, named))

    def cursor(self):
        return Cursor(self)

    def commit(self):
        log.append("(commit)")

    def rollback(self):
        log.append("(rollback)")

    def close(self):
        log.append("(close)")

class Attribute(Connection):
    autocommit = False

class Method(Connection):
    def autocommit(self, value):
        log.append(("autocommit", value))

connect = Connection
"""


@pytest.fixture
def foreign(tmp_path, monkeypatch):
    (tmp_path / "foreign_db.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    import foreign_db

    yield foreign_db
    del sys.modules["foreign_db"]


def foreign_lab(tmp_path, argument):
    return Lab(str(tmp_path), pools={"main": f"foreign_db:{argument}"})


def test_other_modules_of_the_db_api(tmp_path, foreign):
    def script(conn):
        handle = conn.db_handle()
        assert (handle.driver, handle.data_source) == ("foreign_db", "dbname=x")
        handle.dml("insert 5%")
        handle.dml("begin")
        handle.dml("insert", [1])
        handle.dml("commit work")
        assert handle.one_row is not None
        handle.dml("begin")

    use(foreign_lab(tmp_path, "dbname=x"), script)
    assert foreign.log == [
        ("connect", ("dbname=x",), {}),
        "insert 5%",
        "(commit)",
        ("insert", [1]),
        "(commit)",
        "ROLLBACK",
        "(rollback)",
    ]


@pytest.mark.parametrize("kind", ["Attribute", "Method"])
def test_modules_that_commit_each_statement_are_told_to(tmp_path, foreign, kind):
    foreign.connect = getattr(foreign, kind)

    def script(conn):
        handle = conn.db_handle()
        if kind == "Attribute":
            assert handle.connection.autocommit is True
        handle.dml("insert")
        handle.dml("begin")
        handle.dml("insert")

    use(foreign_lab(tmp_path, f"?port=5&user={kind}"), script)
    assert foreign.log[0] == ("connect", (), {"port": 5, "user": kind})
    told = [("autocommit", True)] if kind == "Method" else []
    assert foreign.log[1:] == [*told, "insert", "begin", "insert", "ROLLBACK", "(rollback)"]


@pytest.mark.parametrize("kind", ["OperationalError", "AdminShutdown", "TimeoutError"])
def test_a_broken_connection_is_closed(tmp_path, foreign, kind):
    foreign.fails.append(getattr(foreign, kind, TimeoutError)("gone"))

    def script(conn):
        handle = conn.db_handle()
        with pytest.raises(PoolError, match="^pool main: gone"):
            handle.dml("insert")

    use(foreign_lab(tmp_path, f"broken by {kind}"), script)
    assert foreign.log[-1] == "(close)"


def test_a_connection_of_an_interrupted_statement_is_closed(tmp_path, foreign):
    foreign.fails.append(KeyboardInterrupt())

    def script(conn):
        with pytest.raises(KeyboardInterrupt):
            conn.db_handle().dml("insert")

    use(foreign_lab(tmp_path, "interrupted"), script)
    assert foreign.log[-1] == "(close)"


def test_a_connection_is_used_again_after_a_mistake(tmp_path, foreign):
    foreign.fails.append(ValueError("mistake"))

    def script(conn):
        with pytest.raises(PoolError, match="^pool main: mistake"):
            conn.db_handle().dml("insert")

    use(foreign_lab(tmp_path, "mistaken"), script)
    assert foreign.log[-1] == "(rollback)"


def test_stored_procedures(tmp_path, foreign):
    def script(conn):
        handle = conn.db_handle()
        assert handle.call_procedure("p", ["a", "b"]) == ["a", "out"]
        return handle.get_row().items()

    assert use(foreign_lab(tmp_path, "procedures"), script) == [("n", "1")]


def test_nothing_keeps_a_handle_alive(lab):
    def script(conn):
        handle = conn.db_handle()
        connection = handle.connection
        handle.itself = handle
        del handle
        gc.collect()
        return connection is conn.db_handle().connection

    assert use(lab, script)
