"""Threads and processes of an application at the end of its worker."""

from __future__ import annotations

import json
import os
import textwrap
import time

import pytest

from support.worker_process import target

PATIENCE = 60_000
METHODS = ["fork", "forkserver", "spawn"]


@pytest.fixture
def start(start_worker, tmp_path):
    """A worker with an application that runs these lines, and then those of its request."""

    def start(before, request, **more):
        (tmp_path / "app.py").write_text(
            "import atexit, concurrent.futures, multiprocessing, os, threading, time\n"
            "HERE = os.path.dirname(os.path.abspath(__file__))\n"
            "def leave(name):\n"
            "    open(os.path.join(HERE, name), 'w').close()\n"
            "def wait_for_gate(name):\n"
            "    while not os.path.exists(os.path.join(HERE, 'gate')):\n"
            "        time.sleep(0.01)\n"
            "    leave(name)\n"
            "atexit.register(leave, 'atexit')\n"
            f"{textwrap.dedent(before)}\n"
            "def app(environ, start_response):\n"
            f"{textwrap.indent(textwrap.dedent(request), '    ')}\n"
            "    start_response('200 OK', [])\n"
            "    return [repr(result).encode()]\n"
        )
        return start_worker(target("app.py", directory=str(tmp_path)), **more)

    return start


def ask(worker):
    answer = worker.threads[0].get()
    assert answer.status == 200, worker.logs()
    return eval(answer.body)


def stop(worker, patience=PATIENCE):
    worker.tell({"type": "stop", "patience": patience})


def warnings_of(worker):
    """The log records until the end of the process."""
    while (frame := worker.control.next()) is not None:
        worker.messages.append(json.loads(frame.payload))
    return [record["text"] for record in worker.messages if record.get("level") == "warning"]


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for_end_of(pids):
    deadline = time.monotonic() + 20
    while any(is_running(pid) for pid in pids):
        assert time.monotonic() < deadline, "they are still there"
        time.sleep(0.01)


@pytest.mark.parametrize("method", METHODS)
def test_a_process_pool_of_the_module_ends_with_the_worker(start, method):
    worker = start(
        f"""
        context = multiprocessing.get_context({method!r})
        pool = concurrent.futures.ProcessPoolExecutor(2, mp_context=context)
        """,
        "result = [pool.submit(os.getpid).result(), *pool._processes]",
    )
    pids = ask(worker)
    assert len(pids) > 1 and os.getpid() not in pids
    stop(worker)
    assert worker.wait() == 0
    wait_for_end_of(pids)
    assert warnings_of(worker) == []


@pytest.mark.parametrize("method", METHODS)
def test_pools_and_managers_of_multiprocessing_end_with_the_worker(start, method):
    worker = start(
        f"""
        context = multiprocessing.get_context({method!r})
        pool = context.Pool(2)
        manager = context.Manager()
        """,
        "result = [*pool.map(abs, [-1]), manager._process.pid, *(p.pid for p in pool._pool)]",
    )
    one, *pids = ask(worker)
    assert one == 1 and len(pids) == 3
    stop(worker)
    assert worker.wait() == 0
    wait_for_end_of(pids)
    assert warnings_of(worker) == []


@pytest.mark.parametrize(
    ("before", "request_"),
    [
        ("", "threading.Thread(target=wait_for_gate, args=['done']).start()"),
        ("pool = concurrent.futures.ThreadPoolExecutor(1)", "pool.submit(wait_for_gate, 'done')"),
        (
            "pool = concurrent.futures.ThreadPoolExecutor(1)",
            "pool.submit(wait_for_gate, 'first'), pool.submit(leave, 'done')",
        ),
        (
            "pool = concurrent.futures.ProcessPoolExecutor(1)",
            "pool.submit(wait_for_gate, 'done')",
        ),
        ("", "multiprocessing.Process(target=wait_for_gate, args=['done']).start()"),
        (
            "job = threading.Thread(target=wait_for_gate, args=['done'])\n"
            "atexit.register(job.start)",
            "",
        ),
    ],
    ids=["thread", "pool", "waiting job", "process pool", "process", "thread of a handler"],
)
def test_what_a_request_has_left_may_finish(start, tmp_path, before, request_):
    worker = start(before, f"{request_}\nresult = 1")
    ask(worker)
    stop(worker)
    # The control channel is served while the worker waits.
    worker.tell({"type": "ping", "id": "waiting"})
    worker.wait_for("pong", id="waiting")
    (tmp_path / "gate").touch()
    assert worker.wait() == 0
    assert (tmp_path / "done").exists() and (tmp_path / "atexit").exists()
    assert warnings_of(worker) == []


def test_threads_that_never_end_are_cut_off_and_named(start, tmp_path):
    worker = start(
        """
        waits = threading.Event().wait
        pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="pool")
        idle = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="idle")
        """,
        """
        threading.Thread(target=waits, name="left").start()
        threading.Thread(target=waits, name="daemon", daemon=True).start()
        result = [idle.submit(abs, 1).result(), pool.submit(waits), pool.submit(waits)] and 1
        """,
    )
    ask(worker)
    stop(worker, 100)
    assert worker.wait() == 0
    assert warnings_of(worker) == [
        "did not end in time: threads (2) left, pool_0; jobs that no thread has begun: 1"
    ]
    assert (tmp_path / "atexit").exists()


def test_child_processes_that_never_end_are_ended_and_named(start, tmp_path):
    worker = start(
        "pool = concurrent.futures.ProcessPoolExecutor(1)",
        """
        child = multiprocessing.Process(target=time.sleep, args=(1000,), name="left")
        child.start()
        pool.submit(time.sleep, 1000)
        result = [child.pid, *pool._processes]
        """,
    )
    pids = ask(worker)
    stop(worker, 100)
    assert worker.wait() == 0
    wait_for_end_of(pids)
    jobs, children = warnings_of(worker)
    assert jobs == "did not end in time: jobs of process pools: 1"
    assert children.startswith("did not end in time: child processes (2) ") and "left" in children
    assert (tmp_path / "atexit").exists()


def test_without_a_stop_nothing_is_waited_for(start, tmp_path):
    worker = start("", "threading.Thread(target=threading.Event().wait).start()\nresult = 1")
    ask(worker)
    worker.control.socket.close()
    assert worker.wait(5) == 0
    assert (tmp_path / "atexit").exists()


def test_one_sigterm_does_not_cut_off_what_may_finish(start, tmp_path):
    worker = start("", "threading.Thread(target=wait_for_gate, args=['done']).start()\nresult = 1")
    ask(worker)
    stop(worker)
    worker.tell({"type": "ping", "id": "waiting"})
    worker.wait_for("pong", id="waiting")
    os.kill(worker.pid, 15)
    (tmp_path / "gate").touch()
    assert worker.wait() == 0
    assert (tmp_path / "done").exists() and (tmp_path / "atexit").exists()
