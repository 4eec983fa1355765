"""The life of a worker process, with applications that disturb it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from support.worker_process import DEADLINE, file_application, target
from taipan import frames

HELLO = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [BODY]
BODY = b"hello"
"""


@pytest.fixture
def write(tmp_path):
    def write(text, name="app.py"):
        (tmp_path / name).write_text(textwrap.dedent(text), "utf-8")
        return target(name, directory=str(tmp_path))

    return write


def body_of(worker, thread=0, **more):
    return worker.threads[thread].get(**more).body


def test_the_loaded_worker_is_ready_and_stops_in_order(start_worker, write):
    application = write(
        HELLO
        + """
        import atexit, sys
        atexit.register(lambda: print("atexit ran"))
        sys.stdout.write("no newline")
        """.replace("        ", "")
    )
    worker = start_worker(application, wait=False)
    ready = worker.wait_for("ready")
    assert ready["python"].split(".")[0] == "3"
    assert body_of(worker) == b"hello"
    worker.tell({"type": "stop"})
    assert worker.wait_for("log", stream="stdout")["text"] == "no newlineatexit ran"
    assert worker.wait() == 0


def test_a_thread_that_never_ends_does_not_hold_the_stop(start_worker, write):
    application = write(
        HELLO
        + textwrap.dedent(
            """
            import threading, time
            threading.Thread(target=time.sleep, args=(1000,)).start()
            """
        )
    )
    worker = start_worker(application)
    assert worker.stop() == 0


@pytest.mark.parametrize("doing", ["time.sleep(1000)", "exec('while True: pass')"])
def test_without_its_parent_a_stuck_worker_leaves(start_worker, write, doing):
    application = write(
        f"""
        import atexit, os, time
        atexit.register(lambda: os.write(1, b"atexit ran"))
        def app(environ, start_response):
            {doing}
        """
    )
    worker = start_worker(application)
    worker.threads[0].request()
    worker.control.socket.close()
    assert worker.wait(5) == 0
    assert worker.stdout() == "atexit ran"


def test_a_stuck_atexit_handler_does_not_hold_the_leaving(start_worker, write):
    application = write(HELLO + "import atexit, time\natexit.register(time.sleep, 1000)\n")
    worker = start_worker(application)
    worker.control.socket.close()
    assert worker.wait(5) == 0


def test_a_parent_that_dies_while_the_application_loads(start_worker, write):
    worker = start_worker(write("import time\ntime.sleep(1000)"), wait=False)
    worker.tell({"type": "ping", "id": 1})
    worker.wait_for("pong", id=1)
    worker.control.socket.close()
    assert worker.wait(5) == 0


@pytest.mark.parametrize(
    ("text", "summary"),
    [
        ("raise ValueError('no database')", "ValueError: no database"),
        ("import sys\nsys.exit('usage')", "sys.exit('usage')"),
        ("raise KeyboardInterrupt", "interrupted"),
        ("x = 1", "tried application"),
    ],
)
def test_a_failed_load_is_told_and_ends_with_3(start_worker, write, text, summary):
    worker = start_worker(write("print('before')\n" + text), wait=False)
    failed = worker.wait_for("failed")
    assert failed["application"] == "app" and summary in failed["summary"]
    assert "taipan/" not in failed["traceback"]
    if "database" in summary:
        assert 'app.py", line 2' in failed["traceback"]
    assert worker.wait() == 3
    assert any(record.get("text") == "before" for record in worker.messages)


def test_an_exit_without_goodbye_is_left_to_the_parent(start_worker, write):
    worker = start_worker(write("import os\nos._exit(9)"), wait=False)
    assert worker.wait() == 9


def test_a_file_application_that_fails_is_tried_again_when_it_changes(start_worker, tmp_path):
    (tmp_path / "application.py").write_text("print('tried')\nraise ValueError('not yet')")
    worker = start_worker(file_application(tmp_path), wait=False)
    (found,) = worker.wait_for("ready")["applications"]
    assert "not yet" in found["failure"] and "not yet" in found["traceback"]
    for _ in range(2):
        answer = worker.threads[0].get()
        assert answer.status == 503 and b"Traceback" not in answer.body
        assert answer.field("Retry-After") == "1"
    assert [record["text"] for record in worker.logs()] == ["tried"]
    (tmp_path / "application.py").write_text("raise ValueError('still not')")
    assert [worker.threads[0].get().status for _ in range(2)] == [503, 503]
    told = worker.wait_for("application")
    assert told["name"] == found["name"] and "still not" in told["failure"]
    (tmp_path / "application.py").write_text(HELLO + "handler = app")
    assert body_of(worker) == b"hello"
    assert worker.wait_for("application", failure="")["interface"] == "wsgi"
    assert {message["type"] for message in worker.messages} == {"loading"}


def test_a_broken_application_does_not_keep_a_worker_from_the_others(start_worker, write):
    broken = {**write("raise ValueError('no database')", "broken.py"), "name": "broken"}
    worker = start_worker(broken, write(HELLO), wait=False)
    ready = worker.wait_for("ready")
    assert [bool(found["failure"]) for found in ready["applications"]] == [True, False]
    assert body_of(worker, application=1) == b"hello"
    assert [worker.threads[0].get(application=0).status for _ in range(2)] == [503, 503]
    assert worker.logs() == []


def test_what_is_required_is_loaded_first_and_ends_the_worker(start_worker, write):
    good = {**write(HELLO + "print('loaded')"), "name": "good"}
    broken = {**write("raise ValueError('no database')", "broken.py"), "name": "broken"}
    worker = start_worker(good, broken, wait=False, required=["broken"])
    assert worker.wait_for("failed")["application"] == "broken"
    assert worker.wait() == 3
    assert not [message for message in worker.messages if message["type"] == "log"]


def test_one_of_several_is_enough(start_worker, write):
    good = {**write(HELLO), "name": "good"}
    mended = {**write(HELLO, "mended.py"), "name": "mended"}
    broken = {**write("raise ValueError('no database')", "broken.py"), "name": "broken"}
    demands = {"oneOf": ["broken", "mended"], "required": ["good"]}
    worker = start_worker(good, broken, mended, **demands)
    loaded = [message["application"] for message in worker.messages]
    assert loaded[:3] == ["broken", "mended", "good"]


def test_none_of_several_ends_the_worker(start_worker, write):
    good = {**write(HELLO + "print('loaded')"), "name": "good"}
    broken = [{**write(f"raise ValueError('{name}')", f"{name}.py"), "name": name} for name in "ab"]
    worker = start_worker(good, *broken, wait=False, oneOf=["b", "a"], required=["good"])
    assert worker.wait_for("failed")["application"] == "a"
    assert worker.wait() == 3
    assert not [message for message in worker.messages if message["type"] == "log"]


def test_what_is_left_out_is_not_loaded(start_worker, write, tmp_path):
    killer = write("import os\nos._exit(9)", "killer.py")
    names = ["cached", "uncached", "file"]
    (tmp_path / "application.py").write_text("import os\nos._exit(9)")
    applications = [
        {**killer, "name": "cached"},
        {**killer, "name": "uncached", "cacheCallables": False},
        {**file_application(tmp_path, reloadOnModification=True), "name": "file"},
    ]
    left_out = [{"name": name, "failure": "it ended", "traceback": "last words"} for name in names]
    worker = start_worker(*applications, write(HELLO), wait=False, leftOut=left_out, dev=True)
    *left, good = worker.wait_for("ready")["applications"]
    assert [found["name"] for found in left] == names
    assert {(found["failure"], found["traceback"], found["leftOut"]) for found in left} == {
        ("it ended", "last words", True)
    }
    assert (good["failure"], good["leftOut"]) == ("", False)
    for index in range(3):
        answer = worker.threads[0].get(application=index)
        assert answer.status == 503 and b"it ended" in answer.body
    assert body_of(worker, application=3) == b"hello"


def test_a_worker_with_nothing_to_serve_ends(start_worker, write):
    applications = [
        {**write(f"raise ValueError('{name}')", f"{name}.py"), "name": name} for name in "ab"
    ]
    worker = start_worker(*applications, wait=False)
    failed = worker.wait_for("failed")
    assert failed["application"] == "a" and "ValueError: a" in failed["traceback"]
    (other,) = failed["applications"]
    assert other["name"] == "b" and "ValueError: b" in other["traceback"]
    assert worker.wait() == 3


def test_a_worker_with_nothing_to_serve_tells_what_is_new(start_worker, write):
    left = [{"name": "a", "failure": "it ended", "traceback": "last words"}]
    applications = [
        {**write(f"raise ValueError('{name}')", f"{name}.py"), "name": name} for name in "abc"
    ]
    worker = start_worker(*applications, wait=False, leftOut=left)
    failed = worker.wait_for("failed")
    assert failed["application"] == "b" and "ValueError: b" in failed["traceback"]
    assert [(one["name"], one["leftOut"]) for one in failed["applications"]] == [
        ("a", True),
        ("c", False),
    ]


def test_a_worker_without_what_it_must_serve_tells_of_that_alone(start_worker, write):
    applications = [
        {**write(f"raise ValueError('{name}')", f"{name}.py"), "name": name} for name in "ab"
    ]
    worker = start_worker(*applications, wait=False, oneOf=["a", "b"])
    failed = worker.wait_for("failed")
    assert failed["application"] == "a" and failed["applications"] == []


def test_a_callable_chosen_wrongly_is_answered_without_traceback(start_worker, tmp_path):
    (tmp_path / "application.py").write_text(HELLO + "handler = app")
    application = file_application(tmp_path, callableQueryName="c")
    worker = start_worker(application, dev=True)
    assert worker.threads[0].get(QUERY_STRING="c=app").status == 200
    assert worker.threads[0].get(QUERY_STRING="c=nothing").status == 404
    assert worker.threads[0].get(QUERY_STRING="c=app&c=app").status == 400
    assert worker.logs() == []


def test_several_applications_share_a_worker(start_worker, write, tmp_path):
    first = write(HELLO)
    second = write(HELLO.replace('b"hello"', 'b"second"'), "second.py")
    worker = start_worker(first, {**second, "name": "second", "multithread": False}, threads=2)
    assert body_of(worker) == b"hello"
    assert body_of(worker, 1, application=1) == b"second"


TRUTH = """
def app(environ, start_response):
    start_response("200 OK", [])
    names = ("multithread", "multiprocess", "run_once")
    return [repr([environ["wsgi." + name] for name in names]).encode()]
"""


@pytest.mark.parametrize(
    ("threads", "application", "expected"),
    [
        (1, {}, [False, True, False]),
        (2, {}, [True, True, False]),
        (2, {"multithread": False}, [False, True, False]),
        (2, {"cacheCallables": False}, [False, True, True]),
    ],
)
def test_the_environ_tells_the_truth(start_worker, write, threads, application, expected):
    worker = start_worker({**write(TRUTH), **application}, threads=threads, multiprocess=True)
    assert body_of(worker) == repr(expected).encode()


def test_one_request_at_a_time_where_it_is_asked(start_worker, write):
    application = write(
        """
        import time
        running = most = 0
        def app(environ, start_response):
            global running, most
            running += 1
            most = max(most, running)
            time.sleep(0.02)
            running -= 1
            start_response("200 OK", [])
            return [str(most).encode()]
        """
    )
    worker = start_worker({**application, "multithread": False}, threads=4)
    for thread in worker.threads:
        thread.request()
    assert [thread.answer().body for thread in worker.threads] == [b"1"] * 4


def test_the_process_shows_nothing_of_ours(start_worker, write):
    application = write(
        """
        import json, os, sys, threading
        AT_IMPORT = [threading.current_thread() is threading.main_thread(), list(sys.path)]
        def app(environ, start_response):
            start_response("200 OK", [])
            facts = [sys.argv, AT_IMPORT, threading.current_thread().name]
            return [json.dumps(facts).encode()]
        """
    )
    worker = start_worker(application, argv=["shop.wsgi:application"], searchPath=["/x", "/y"])
    argv, (main, path), name = json.loads(body_of(worker))
    assert argv == ["shop.wsgi:application"]
    assert main and name == "taipan-0"
    assert path[1:3] == ["/x", "/y"] or path[:2] == ["/x", "/y"]
    assert not any(entry.rstrip("/").endswith("/python") for entry in path)


def test_the_worker_depends_on_nothing_an_application_may_replace(start_worker, write):
    application = write(
        """
        import io, os, signal, sys
        sys.stdout = sys.stderr = sys.__stdout__ = sys.__stderr__ = io.StringIO()
        os.chdir("/")
        signal.signal(signal.SIGTERM, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        for descriptor in (0, 1, 2):
            os.close(descriptor)
        os.closerange(3, 256)
        sys.path.clear()
        sys.argv.clear()
        def app(environ, start_response):
            environ["wsgi.errors"].write("still here\\n")
            start_response("200 OK", [])
            return [b"fine"]
        """
    )
    worker = start_worker(application)
    assert body_of(worker) == b"fine"
    assert [record["text"] for record in worker.logs()] == ["still here"]
    assert worker.stop() == 0


def test_a_lifespan_that_fails_is_all_that_is_told(start_worker, write):
    application = write(
        """
        async def app(scope, receive, send):
            await receive()
            await send({"type": "lifespan.startup.failed", "message": "marker"})
        """
    )
    worker = start_worker(application, wait=False)
    assert "marker" in worker.wait_for("failed")["summary"]
    worker.tell({"type": "stop"})
    rest = [json.loads(frame.payload) for frame in iter(worker.control.next, None)]
    assert [message for message in rest if message["type"] == "log"] == []
    assert worker.wait() == 3


def test_an_application_that_starts_its_own_program_again_is_told(start_worker, write):
    application = write(
        """
        import subprocess, sys
        words = [sys.executable, sys.modules["__main__"].__file__, "taipan.worker"]
        again = subprocess.run(words, capture_output=True, text=True)
        sys.exit(f"{again.returncode}: {again.stderr}")
        """
    )
    worker = start_worker(application, wait=False)
    summary = worker.wait_for("failed")["summary"]
    assert "70: taipan: this program works for Taipan's server alone" in summary
    assert "Traceback" not in summary
    assert worker.wait() == 3


def test_a_worker_whose_descriptors_are_closed_ends_with_a_message(start_worker, write):
    application = write(
        """
        import os
        def app(environ, start_response):
            os.closerange(3, 65536)
            start_response("200 OK", [])
            return [b"lost"]
        """
    )
    worker = start_worker(application)
    worker.threads[0].request()
    assert worker.threads[0].next() is None
    assert worker.wait(5) == 70
    assert "this worker ends" in worker.stderr()


def test_sigterm_asks_to_leave_and_a_second_one_ends(start_worker, write):
    worker = start_worker(write(HELLO))
    os.kill(worker.pid, signal.SIGINT)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("leaving")
    assert body_of(worker) == b"hello"
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait() == 0


def test_sigterm_during_the_end_does_not_cut_it_short(start_worker, write, tmp_path):
    begun, gate, done = (tmp_path / name for name in ("begun", "gate", "done"))
    application = write(
        HELLO
        + f"""
import atexit, os, time
def finish():
    open({str(begun)!r}, "w").close()
    while not os.path.exists({str(gate)!r}):
        time.sleep(0.01)
    open({str(done)!r}, "w").close()
atexit.register(finish)
"""
    )
    worker = start_worker(application)
    worker.tell({"type": "stop", "patience": 0})
    deadline = time.monotonic() + DEADLINE
    while not begun.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.kill(worker.pid, signal.SIGTERM)
    gate.touch()
    assert worker.wait() == 0
    assert done.exists()


def test_a_handler_of_the_application_may_end_the_process(start_worker, write):
    application = write(
        HELLO + "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
    )
    worker = start_worker(application)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("leaving")
    # Not before its requests have ended, which Node knows.
    assert body_of(worker) == b"hello"
    worker.tell({"type": "stop"})
    assert worker.wait() == 0


def test_no_lock_of_threading_takes_the_exception_of_a_handler(start_worker, write):
    application = write(
        HELLO
        + """
import os, signal, sys, threading
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
restore = threading.Condition._acquire_restore
def interrupted(self, state):
    if threading.current_thread() is threading.main_thread():
        os.kill(os.getpid(), signal.SIGTERM)
    restore(self, state)
threading.Condition._acquire_restore = interrupted
"""
    )
    worker = start_worker(application)
    assert worker.logs() == []
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("leaving")
    assert [record["text"] for record in worker.logs()] == [
        "a signal handler or a task raised SystemExit: 1"
    ]


def test_a_worker_whose_threads_cannot_start_ends(start_worker, write):
    application = write(
        HELLO
        + """
import threading
def refuse(*_, **__):
    raise RuntimeError("can't start new thread")
threading._start_new_thread = threading._start_joinable_thread = refuse
"""
    )
    worker = start_worker(application, wait=False)
    ended = worker.wait_for("log", level="error")
    assert ended["text"] == "this worker ends: its threads cannot start: can't start new thread"
    assert worker.wait() == 70


def test_a_handler_that_ends_the_process_again_ends_it_at_once(start_worker, write):
    application = write(
        HELLO + "import signal, sys\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(1))\n"
    )
    worker = start_worker(application)
    os.kill(worker.pid, signal.SIGTERM)
    worker.wait_for("leaving")
    os.kill(worker.pid, signal.SIGTERM)
    assert worker.wait() == 0


def test_pings_are_answered_while_the_main_thread_imports(start_worker, write, tmp_path):
    gate = tmp_path / "gate"
    application = write(
        HELLO
        + textwrap.dedent(
            f"""
            import os, time
            while not os.path.exists({str(gate)!r}):
                time.sleep(0.01)
            """
        )
    )
    worker = start_worker(application, wait=False)
    worker.tell({"type": "ping", "id": "x"})
    worker.wait_for("pong", id="x")
    gate.touch()
    worker.wait_for("ready")


def test_an_interrupt_raises_in_the_application(start_worker, write):
    application = write(
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/quick":
                return [b"quick"]
            return slow()
        def slow():
            yield b"begun"
            print("looping")
            while True:
                pass
        """
    )
    worker = start_worker(application)
    worker.tell({"type": "interrupt", "thread": 0, "request": "r1"})
    thread = worker.threads[0]
    thread.request(**{"taipan.request_id": "r2"})
    thread.expect(frames.HEAD)
    worker.wait_for("log", text="looping")
    worker.tell({"type": "interrupt", "thread": 0, "request": "r1"})
    worker.tell({"type": "interrupt", "thread": 0, "request": "r2", "facts": {"age": 1}})
    told = [worker.wait_for("interrupted", request=name) for name in ("r1", "r1", "r2")]
    assert [one["facts"] for one in told] == [None, None, {"age": 1}]
    assert [one["stack"] for one in told[:2]] == ["", ""]
    assert "in slow" in told[2]["stack"] and "taipan/" not in told[2]["stack"]
    answer = thread.answer()
    assert "RequestTimeout" in answer.aborted
    assert body_of(worker, PATH_INFO="/quick") == b"quick"
    assert any("slow" in (record.get("traceback") or "") for record in worker.logs())


def test_traced_code_runs_after_an_interrupt(start_worker, write):
    application = write(
        """
        import sys
        def app(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/traced":
                return [trace()]
            return slow()
        def trace():
            sys.settrace(lambda *_: None)
            try:
                return b"%d" % sum(number for number in range(1000))
            finally:
                sys.settrace(None)
        def slow():
            yield b"begun"
            print("looping")
            while True:
                pass
        """
    )
    worker = start_worker(application)
    thread = worker.threads[0]
    thread.request(**{"taipan.request_id": "r1"})
    thread.expect(frames.HEAD)
    worker.wait_for("log", text="looping")
    worker.tell({"type": "interrupt", "thread": 0, "request": "r1"})
    assert "RequestTimeout" in thread.answer().aborted
    assert body_of(worker, PATH_INFO="/traced") == b"499500"


def test_a_forked_child_keeps_its_hands_off(start_worker, write):
    application = write(
        """
        import os
        def app(environ, start_response):
            start_response("200 OK", [])
            if environ["PATH_INFO"] == "/return":
                # The child returns from the application, too.
                if os.fork():
                    os.wait()
                return [b"parent"]
            child = os.fork()
            if not child:
                print("printed by the child", flush=True)
                os._exit(0)
            os.waitpid(child, 0)
            return [b"parent"]
        """
    )
    worker = start_worker(application)
    assert body_of(worker) == b"parent"
    assert body_of(worker, PATH_INFO="/return") == b"parent"
    assert body_of(worker) == b"parent"
    assert "printed by the child" in worker.stdout()
    assert not any("printed" in record["text"] for record in worker.logs())


def test_a_forked_child_takes_signals_as_usual(start_worker, write):
    application = write(
        """
        import multiprocessing, time
        def app(environ, start_response):
            start_response("200 OK", [])
            context = multiprocessing.get_context("fork")
            context.Process(target=time.sleep, args=(1000,), daemon=True).start()
            return [b"begun"]
        """
    )
    worker = start_worker(application)
    assert body_of(worker) == b"begun"
    assert worker.stop() == 0


def test_a_forked_child_keeps_the_loop_and_wakeup_of_a_wsgi_application(start_worker, write):
    application = write(
        """
        import asyncio, os, signal, socket
        loop = asyncio.get_event_loop()
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        signal.set_wakeup_fd(ours.fileno())
        def app(environ, start_response):
            start_response("200 OK", [])
            child = os.fork()
            if not child:
                loop.call_soon_threadsafe(print, "called")
                os._exit(7 if signal.set_wakeup_fd(-1) == ours.fileno() else 1)
            return [str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode()]
        """
    )
    worker = start_worker(application, interface="auto")
    assert body_of(worker) == b"7"


def test_children_of_multiprocessing_start_no_worker(start_worker, write):
    application = write(
        """
        import multiprocessing
        from helper import double
        def app(environ, start_response):
            start_response("200 OK", [])
            with multiprocessing.get_context("spawn").Pool(1) as pool:
                return [str(pool.map(double, [21])).encode()]
        """
    )
    write("def double(x): return 2 * x\n", "helper.py")
    worker = start_worker(application)
    assert body_of(worker) == b"[42]"
    assert worker.stop() == 0


def test_inherited_sockets_do_not_reach_grandchildren(start_worker, write):
    application = write(
        """
        import subprocess, sys
        CODE = "import os; print([n for n in os.listdir('/proc/self/fd') if int(n) > 400])"
        def app(environ, start_response):
            start_response("200 OK", [])
            command = [sys.executable, "-c", CODE]
            return [subprocess.run(command, close_fds=False, stdout=subprocess.PIPE).stdout]
        """
    )
    worker = start_worker(application)
    assert body_of(worker) == b"[]\n"


def test_the_page_with_the_traceback_is_for_dev_only(start_worker, write):
    application = write(
        """
        def app(environ, start_response):
            raise ValueError("<script>secret</script>")
        """
    )
    plain = start_worker(application).threads[0].get()
    assert (plain.status, plain.body) == (500, b"Internal Server Error\n")
    thread = start_worker(application, dev=True).threads[0]
    page = thread.get(HTTP_ACCEPT="text/html")
    assert page.status == 500 and b"&lt;script&gt;secret" in page.body
    assert b"<script>secret" not in page.body and b"app.py" in page.body
    assert page.field("Content-Type").startswith("text/html")
    assert page.field("Content-Security-Policy").startswith("default-src 'none'")
    told = thread.get(HTTP_ACCEPT="application/json")
    assert told.field("Content-Type") == "application/json"
    assert b'"type": "ValueError"' in told.body
    text = thread.get(HTTP_ACCEPT="*/*")
    assert text.status == 500 and b"ValueError: <script>secret" in text.body
    assert text.field("Content-Type").startswith("text/plain")
    assert (text.field("Vary"), text.field("X-Content-Type-Options")) == ("Accept", "nosniff")


def test_an_iterator_that_fails_before_its_head_is_out_gets_the_page(start_worker, write):
    application = write(
        """
        def app(environ, start_response):
            start_response("200 OK", [])
            yield b"x" * int(environ["QUERY_STRING"])
            raise ValueError("in the body")
        """
    )
    thread = start_worker(application, dev=True).threads[0]
    page = thread.get(HTTP_ACCEPT="text/html", QUERY_STRING="0")
    assert page.status == 500 and b"ValueError" in page.body and b"in the body" in page.body
    begun = thread.get(HTTP_ACCEPT="text/html", QUERY_STRING="1")
    assert begun.status == 200 and b"ValueError" not in begun.body


def test_an_old_interpreter_is_refused_by_a_message(tmp_path):
    from support.worker_process import PYTHON_FOLDER

    source = (PYTHON_FOLDER / "main.py").read_text("utf-8")
    old = tmp_path / "main.py"
    old.write_text(source.replace("sys.version_info < (3, 9)", "True"), "utf-8")
    done = subprocess.run([sys.executable, str(old)], capture_output=True, timeout=20)
    assert done.returncode == 5 and b"Python 3.9 or newer" in done.stderr
