"""Sub-interpreters in a worker process, with each Python that has them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from support.pythons import list_pythons
from support.worker_process import DEADLINE, PYTHON_FOLDER, target

PYTHONS = list_pythons((3, 12))
#: What only the main interpreter imports.
_MAIN_ONLY = ("embedded", "preload", "worker.py", "worker_process.py")

pytestmark = pytest.mark.skipif(not PYTHONS, reason="no Python 3.12 or newer is installed")

APP = """
import atexit, os, subprocess, sys, threading, time
import asyncio, datetime, decimal, sqlite3, ssl, zoneinfo
from queue import SimpleQueue

CALLS = []
MEET = threading.Barrier(2)

def leave():
    print("atexit of", len(CALLS), "calls")

atexit.register(leave)

def show(environ):
    return f"{id(sys.modules)} {len(CALLS)} {threading.current_thread().name}"

def flags(environ):
    return " ".join(str(environ["wsgi." + name]) for name in ("multithread", "multiprocess"))

def environment(environ):
    if environ["QUERY_STRING"]:
        os.environ["GIVEN"] = environ["QUERY_STRING"]
    code = "import os; print(os.environ.get('GIVEN'))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    return f"{os.environ.get('GIVEN')} {child.stdout.strip()}"

def meet(environ):
    return str(MEET.wait(10) in (0, 1))

def body(environ):
    return environ["wsgi.input"].read().decode()

def spin(environ):
    while True:
        CALLS.append(0)
        CALLS.pop()

def nap(environ):
    time.sleep(1)
    return "late"

def hold(environ):
    import re
    re.match("(a+)+$", "a" * 64 + "b")

def fork(environ):
    try:
        os.fork()
    except RuntimeError as error:
        return str(error)

def prepare(environ):
    try:
        subprocess.run(["true"], preexec_fn=os.getpid)
    except RuntimeError as error:
        return str(error)

def frames(environ):
    started, done = SimpleQueue(), SimpleQueue()
    thread = threading.Thread(target=lambda: (started.put(1), done.get()), daemon=True)
    thread.start()
    started.get()
    seen = list(sys._current_frames()) == [threading.get_ident()]
    done.put(1)
    return str(seen)

def printed(environ):
    print("printed by", environ["PATH_INFO"])
    return ""

def refused(environ):
    import readline

def closes(environ):
    # Those of the worker are its only sockets above 1,000.
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 1000:
            os.close(int(name))
    return ""

def app(environ, start_response):
    CALLS.append(1)
    text = globals()[environ["PATH_INFO"][1:]](environ)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]
"""


@pytest.fixture(params=PYTHONS, ids=lambda python: Path(python).parents[1].name)
def python(request):
    return request.param


@pytest.fixture
def start(start_worker, tmp_path, python):
    (tmp_path / "app.py").write_text(APP, "utf-8")

    def start(*names, **options):
        """A worker with an application for each name of an interpreter; None: the main one."""
        applications = [
            {**target("app.py", directory=str(tmp_path), name=f"{name}"), "interpreter": name}
            for name in names
        ]
        for item in applications:
            if item["interpreter"] is None:
                del item["interpreter"]
        return start_worker(*applications, python=python, **options)

    return start


def get(worker, path, application=0, thread=0, **more):
    answer = worker.threads[thread].get(PATH_INFO=f"/{path}", application=application, **more)
    assert answer.status == 200, answer
    return answer.body.decode()


def test_applications_with_one_name_share_an_interpreter(start):
    worker = start(None, "one", "one", "two", threads=2)
    homes = []
    for thread in (0, 1):
        shown = [get(worker, "show", index, thread).split() for index in (0, 1, 2, 3, 1, 0)]
        homes.append([home for home, _, _ in shown])
        assert {name for _, _, name in shown} == {f"taipan-{thread}"}
    assert homes[0] == homes[1]
    main, one, other, two, *_ = homes[0]
    assert one == other
    assert len({main, one, two}) == 3
    # Both threads are in it at the same time.
    for thread in (0, 1):
        worker.threads[thread].request(PATH_INFO="/meet", application=1 + thread)
    assert [worker.threads[thread].answer().body for thread in (0, 1)] == [b"True", b"True"]
    assert get(worker, "flags", 1) == "True False"
    assert worker.stop() == 0


def test_requests_that_wait_at_a_thread_are_answered_in_order_wherever_they_run(start):
    worker = start(None, "one", "two")
    thread = worker.threads[0]
    order = [0, 1, 1, 2, 0, 0, 2, 1]
    for application in order:
        thread.request(PATH_INFO="/show", application=application)
    homes = [thread.answer().body.split()[0] for _ in order]
    known = {application: get(worker, "show", application).split()[0] for application in (0, 1, 2)}
    assert homes == [known[application].encode() for application in order]


def test_bodies_are_pulled_and_clients_leave_after_a_change_of_interpreter(start):
    worker = start(None, "one")
    for application in (0, 1, 0, 1):
        pieces = [b"one ", b"two"]
        assert get(worker, "body", application, pieces=pieces) == "one two"
    thread = worker.threads[0]
    thread.request(PATH_INFO="/body", application=0, body=None)
    thread.broken()
    assert thread.answer().aborted is not None
    thread.request(PATH_INFO="/body", application=1, body=None)
    thread.broken()
    assert thread.answer().aborted is not None
    assert get(worker, "body", 1, pieces=[b"after"]) == "after"


def test_variables_belong_to_the_interpreter_and_the_programs_it_starts(start):
    worker = start(None, "one", "two")
    assert get(worker, "environment", 1, QUERY_STRING="x") == "x x"
    assert get(worker, "environment", 0) == "None None"
    assert get(worker, "environment", 2) == "None None"
    assert get(worker, "environment", 1) == "x x"


def test_a_request_that_takes_too_long_is_interrupted_where_it_runs(start, python):
    worker = start(None, "one")
    for path, application in (("spin", 1), ("nap", 1), ("nap", 0), ("spin", 0)):
        thread = worker.threads[0]
        request = f"{path}{application}"
        more = {"taipan.request_id": request}
        thread.request({"PATH_INFO": f"/{path}", **more}, application=application)
        assert thread.quiet()
        worker.tell({"type": "interrupt", "thread": 0, "request": request, "facts": {}})
        stack = worker.wait_for("interrupted", request=request)["stack"]
        if application == 0 or not in_3_12(python):
            assert re.search(rf"app.py.* in {path}\n", stack), stack
        assert thread.answer().status == 500
        assert worker.wait_for("log", stream="worker", request=request)["text"] == "RequestTimeout"
    assert get(worker, "body", 1, body=b"on") == "on"


def test_waiting_requests_are_recalled_from_where_the_thread_is(start):
    worker = start(None, "one")
    thread = worker.threads[0]
    for path in ("nap", "show", "show"):
        thread.request(PATH_INFO=f"/{path}", application=1)
    assert thread.quiet()
    worker.tell({"type": "recall", "thread": 0})
    assert worker.wait_for("recalled")["requests"] == [0, 0]
    assert thread.answer().body == b"late"
    assert thread.quiet()


def test_a_recall_may_come_before_the_thread_does(start):
    worker = start("one", threads=32)
    for index, thread in enumerate(worker.threads):
        thread.request(PATH_INFO="/show")
        worker.tell({"type": "recall", "thread": index})
    recalled = [worker.wait_for("recalled", thread=index)["requests"] for index in range(32)]
    for requests, thread in zip(recalled, worker.threads):
        assert requests == [0] or thread.answer().status == 200
    assert worker.stop() == 0


def test_output_and_errors_reach_the_log_with_their_request(start):
    worker = start(None, "one")
    get(worker, "printed", 1)
    (record,) = worker.logs()
    expected = {"stream": "stdout", "text": "printed by /printed", "request": "r1"}
    assert {key: record[key] for key in expected} == expected
    assert worker.threads[0].get(PATH_INFO="/refused", application=1).status == 500
    (record,) = worker.logs()
    assert re.match(
        "ImportError: module readline does not support loading in subinterpreters of Python 3"
        '.*without `interpreter`.*isolation "process"',
        record["text"],
    )


def test_what_cpython_does_not_survive_is_refused(start):
    worker = start(None, "one")
    assert "os.fork() ends badly" in get(worker, "fork", 0)
    assert "preexec_fn ends badly" in get(worker, "prepare", 0)
    assert "fork not supported" in get(worker, "fork", 1)
    assert "preexec_fn not supported" in get(worker, "prepare", 1)
    for application in (0, 1, 0, 1):
        assert get(worker, "frames", application) == "True"
    assert worker.stop() == 0


def test_each_thread_has_its_own_where_requests_are_isolated(start):
    options = {"isolation": "interpreter", "multithread": False, "multiprocess": True}
    worker = start(None, None, threads=2, **options)
    homes = {
        (application, thread): get(worker, "show", application, thread).split()[0]
        for application in (0, 1)
        for thread in (0, 1)
    }
    assert homes[0, 0] == homes[1, 0] != homes[0, 1] == homes[1, 1]
    assert get(worker, "flags") == "False True"
    assert get(worker, "environment", 0, 0, QUERY_STRING="x") == "x x"
    assert get(worker, "environment", 0, 1) == "None None"
    worker.tell({"type": "stop"})
    texts = {worker.wait_for("log", stream="stdout")["text"] for _ in range(2)}
    assert texts == {"atexit of 4 calls", "atexit of 3 calls"}
    assert worker.wait() == 0


def test_a_ping_is_answered_when_all_interpreters_run(start):
    worker = start(None, "one", "two", wait=False)
    worker.tell({"type": "ping", "id": 1})
    worker.wait_for("pong", id=1)
    worker.wait_for("ready")
    worker.threads[0].request(PATH_INFO="/hold", application=1)
    assert worker.threads[0].quiet()
    worker.tell({"type": "ping", "id": 2})
    assert worker.control.quiet()


def test_a_worker_whose_sockets_were_closed_there_ends(start):
    worker = start("one")
    worker.threads[0].request(PATH_INFO="/closes")
    assert worker.wait() == 70


def test_a_failure_to_load_is_told(start_worker, tmp_path, python):
    files = {
        "broken.py": "import nothing_of_that_name",
        "loop.py": "async def app(scope, receive, send): ...",
        "good.py": "def app(environ, start_response): ...",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    applications = [
        target(name, directory=str(tmp_path), name=name, interpreter="one") for name in files
    ]
    worker = start_worker(*applications, python=python, wait=False)
    broken, loop, good = worker.wait_for("ready")["applications"]
    assert "No module named 'nothing_of_that_name'" in broken["failure"]
    assert "broken.py" in broken["traceback"]
    assert re.match("it is an ASGI application.*a group of its own", loop["failure"])
    assert (good["failure"], good["interface"]) == ("", "wsgi")
    answers = [worker.threads[0].get(application=index).status for index in (0, 1)]
    assert answers == [503, 503]
    checked = check(python, applications)
    assert [one["loads"] for one in checked] == [False, False, True]
    assert checked[0]["summary"] == broken["failure"]
    assert checked[1]["summary"] == loop["failure"]


def test_a_worker_that_can_serve_nothing_tells_why(start_worker, tmp_path, python):
    (tmp_path / "broken.py").write_text("raise ValueError('as told')", "utf-8")
    broken = target("broken.py", directory=str(tmp_path), interpreter="one")
    worker = start_worker(broken, python=python, wait=False)
    assert worker.wait_for("failed")["summary"] == "ValueError: as told"
    assert worker.wait() == 3


def test_every_module_can_be_imported_there(python):
    rooms = PYTHON_FOLDER / "taipan"
    modules = sorted(
        ".".join(path.relative_to(PYTHON_FOLDER).with_suffix("").parts).removesuffix(".__init__")
        for path in rooms.rglob("*.py")
        if path.relative_to(rooms).parts[0] not in _MAIN_ONLY
        # With CT3 only, and never.
        and path.parent.name != "cheetah"
        and path.name != "httpdconf.py"
    )
    path = f"import sys; sys.path.insert(0, {str(PYTHON_FOLDER)!r})\n"
    inside = (
        f"{path}from importlib import import_module\nfor _ in map(import_module, {modules}): ..."
    )
    code = (
        f"{path}from taipan.interpreters import private\n"
        f"private.run(private.create(), {inside!r})\n"
        "import os; os._exit(0)"
    )
    made = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=DEADLINE)
    assert (made.returncode, made.stderr) == (0, "")


def test_memory_stays_as_it_is(start):
    worker = start(None, "one")

    def serve(count):
        for index in range(count):
            get(worker, "body", index % 2)
        with open(f"/proc/{worker.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    before = serve(1000)
    assert serve(3000) - before < 1 << 20


def in_3_12(python):
    code = "import sys; print(sys.version_info[:2] == (3, 12))"
    return subprocess.check_output([python, "-c", code], text=True).strip() == "True"


def check(python, applications):
    made = subprocess.run(
        [python, PYTHON_FOLDER / "main.py", "taipan.inspection"],
        input=json.dumps({"applications": applications}),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
    )
    return json.loads(made.stdout)["applications"]
