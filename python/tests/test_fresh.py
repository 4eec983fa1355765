"""Requests in new processes, over real sockets: what a child does is over with it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Callable

import pytest

from support.worker_process import DEADLINE, Answer, ThreadPeer, WorkerProcess
from taipan import frames

Start = Callable[..., WorkerProcess]


class Site:
    """A folder of scripts in a worker that forks for each request."""

    def __init__(self, folder: Path, start_worker: Start) -> None:
        self.folder = folder
        self._start = start_worker
        self._worker: WorkerProcess | None = None
        self._threads = 2

    def start(self, threads: int = 2, handlers: Sequence[str] = (), **more: Any) -> WorkerProcess:
        application = {
            "kind": "scripts",
            "name": "site/",
            "interface": "script",
            "root": str(self.folder),
            "mount": "/",
            "multithread": True,
            "attachStdio": True,
            "setupCgiEnv": True,
            "useCachingExec": True,
            "installCachingExec": False,
            "pspDialect": "mod_python",
            "autoescape": False,
            "style": "pywx",
            "directory": str(self.folder),
            "kinds": {},
            "handlers": list(handlers),
            "isHandler": False,
            "config": {},
            "pools": {},
        }
        self._worker = self._start(
            application, threads=threads, multithread=False, isolation="fresh", **more
        )
        return self._worker

    @property
    def worker(self) -> WorkerProcess:
        return self._worker or self.start()

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text, "utf-8")
        # A file that was written this moment is not kept in caches.
        os.utime(path, (1, 1))

    def environ(self, name: str) -> dict[str, str]:
        path = self.folder / name
        kind = {".py": "script", ".psp": "psp", ".wsgi": "wsgi"}[path.suffix]
        return {
            "SCRIPT_NAME": f"/{name}",
            "SCRIPT_FILENAME": str(path),
            "DOCUMENT_ROOT": str(self.folder),
            "taipan.script_kind": kind,
            "taipan.script_version": "1",
        }

    def send(self, name: str, thread: int = 0, **more: Any) -> ThreadPeer:
        peer = self.worker.threads[thread]
        peer.request(self.environ(name), **more)
        return peer

    def get(self, name: str, thread: int = 0, **more: Any) -> Answer:
        return self.worker.threads[thread].get(self.environ(name), **more)

    def text(self, name: str, thread: int = 0, **more: Any) -> str:
        answer = self.get(name, thread, **more)
        assert (answer.aborted, answer.status) == (None, 200), self.worker.logs()
        return answer.body.decode().strip()

    def record(self, part: str) -> dict[str, Any]:
        """The log record that has this in its text."""
        while part not in (record := self.worker.wait_for("log"))["text"]:
            pass
        return record


@pytest.fixture
def site(tmp_path: Path, start_worker: Start) -> Site:
    return Site(tmp_path, start_worker)


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_nothing_that_a_request_does_is_there_for_the_next_one(site: Site) -> None:
    site.write("state.py", "SEEN = []")
    site.write(
        "all.py",
        """
import builtins, locale, logging, os, signal, state, sys
state.SEEN.append(1)
builtins.LEFT = getattr(builtins, "LEFT", 0) + 1
os.environ["LEFT"] = os.environ.get("LEFT", "") + "x"
mask = os.umask(0o077)
before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
sys.path.append("left")
files = [open(__file__) for _ in range(100)]
print(len(state.SEEN), builtins.LEFT, os.environ["LEFT"], mask == 0o077,
      int(before), sys.path.count("left"))
os.chdir("/")
sys.setrecursionlimit(500)
logging.disable(logging.CRITICAL)
print(len(os.listdir("/proc/self/fd")) < 130)
""",
    )
    first = site.text("all.py")
    assert first == "1 1 x False 0 1\nTrue"
    assert [site.text("all.py", thread) for thread in (0, 1, 0)] == [first] * 3


def test_every_kind_runs_in_a_process_with_one_thread_and_true_flags(site: Site) -> None:
    facts = "os.getpid(), os.getppid(), len(os.listdir('/proc/%d/task' % os.getppid()))"
    site.write("x.py", f"import os\nprint({facts})")
    site.write("x.psp", f"<%= ({facts}) %>")
    site.write(
        "x.wsgi",
        """
import os
def application(environ, start_response):
    start_response("200 OK", [])
    flags = [environ["wsgi." + key] for key in ("multithread", "multiprocess", "run_once")]
    return [f"{flags} {os.getpid()}".encode()]
""",
    )
    site.start(multiprocess=True)
    script = site.text("x.py").split()
    page = site.text("x.psp").strip("()").split(", ")
    flags, _, pid = site.text("x.wsgi").rpartition(" ")
    assert script[1:] == page[1:] == [str(site.worker.pid), "1"]
    assert flags == "[False, True, True]"
    assert len({script[0], page[0], pid, str(site.worker.pid)}) == 4


def test_requests_run_at_the_same_time_and_in_turn(site: Site) -> None:
    site.write("wait.py", "import os\nprint(open(os.environ['QUERY_STRING']).read())")
    gate = site.folder / "gate"
    os.mkfifo(gate)
    environ = {**site.environ("wait.py"), "QUERY_STRING": str(gate)}
    waiting = site.worker.threads[0]
    waiting.request(environ)
    site.write("quick.py", "print('quick')")
    assert site.text("quick.py", 1) == "quick"
    assert waiting.quiet()
    gate.write_text("now")
    assert waiting.answer().body.strip() == b"now"
    assert site.text("quick.py", 0) == "quick"


def test_bodies_are_read_from_the_link_and_may_be_left_unread(site: Site) -> None:
    site.write("count.py", "import sys\nprint(len(sys.stdin.buffer.read()))")
    site.write("leave.py", "import sys\nprint(len(sys.stdin.buffer.read(5)))")
    piece = b"x" * 100_000
    assert site.text("count.py", body=b"abc") == "3"
    assert site.text("count.py", pieces=[piece] * 5) == "500000"
    assert site.text("leave.py", pieces=[piece] * 2) == "5"
    assert site.text("count.py", pieces=[piece]) == "100000"
    assert site.text("count.py", body=b"") == "0"


def test_frames_that_a_child_has_not_read_do_not_disturb_the_next_one(site: Site) -> None:
    site.write("pulls.py", "import os, sys\nsys.stdin.buffer.read(1)\nos._exit(0)")
    site.write("hello.py", "print('hello')")
    peer = site.send("pulls.py", body=None)
    peer.expect(frames.PULL)
    body = frames.encode(frames.BODY, 0, b"y" * 70_000)
    # The child reads a part of the frame and ends.
    peer.send(body[:20_000])
    peer.send(body[20_000:])
    assert peer.answer().aborted is not None
    peer.send(frames.encode(frames.BROKEN, 0, b"late"))
    assert [site.text("hello.py") for _ in range(3)] == ["hello"] * 3


def test_large_responses_and_files_arrive_whole(site: Site) -> None:
    site.write("large.py", "print('Content-Type: x/y\\n')\nprint('z' * 3_000_000, end='')")
    (site.folder / "file.bin").write_bytes(b"f" * 500_000)
    site.write(
        "file.wsgi",
        """
import os
def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "x/y")])
    return environ["wsgi.file_wrapper"](open(os.path.dirname(__file__) + "/file.bin", "rb"))
""",
    )
    assert len(site.get("large.py").body) == 3_000_000
    answer = site.get("file.wsgi")
    # Node would open the descriptor in the template.
    assert frames.FILE not in answer.kinds
    assert (answer.aborted, answer.body) == (None, b"f" * 500_000)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        ("os._exit(3)", "exit code 3"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal SIGKILL"),
        ("ctypes.string_at(0)", "signal SIGSEGV"),
        ("os.abort()", "signal SIGABRT"),
    ],
)
def test_a_child_that_ends_by_itself_fails_its_request_alone(
    site: Site, end: str, told: str
) -> None:
    site.write("before.py", f"import ctypes, os, signal\nprint('part')\n{end}")
    site.write(
        "after.py",
        f"import ctypes, os, signal\nprint('Content-Type: x/y\\n\\npart', flush=True)\n{end}",
    )
    site.write("hello.py", "print('hello')")
    for name, status in (("before.py", 0), ("after.py", 200)):
        peer = site.send(name)
        answer = peer.answer()
        assert answer.status == status
        assert answer.aborted == f"its process ended by {told} before the response was complete"
        record = site.record("before the response was complete")
        assert (record["level"], record["request"]) == ("error", "r1")
        assert site.text("hello.py") == "hello"
    assert children_of(site.worker.pid) == []


def test_an_aborted_response_says_that_the_process_died(site: Site) -> None:
    site.write("dies.py", "import os\nos._exit(1)")
    frame = site.send("dies.py").expect(frames.ABORT)
    assert frame.flags == frames.ABORT_DIED | frames.ABORT_FREE


def test_exceptions_are_logged_with_the_request(site: Site) -> None:
    site.write("raises.py", "import logging, sys\nprint('to the log', file=sys.stderr)\n1 / 0")
    assert site.get("raises.py").status == 500
    assert site.record("to the log")["request"] == "r1"
    record = site.record("ZeroDivisionError")
    assert record["request"] == "r1"
    assert "raises.py" in record["traceback"]


def test_the_end_of_a_program_comes_after_the_response(site: Site) -> None:
    log = site.folder / "log"
    site.write(
        "ends.py",
        f"""
import atexit, module, threading, time, weakref
kept = open({str(log)!r}, "a")
kept.write("unflushed ")
class Thing:
    def __del__(self):
        with open({str(log)!r}, "a") as stream: stream.write("finalized ")
thing = Thing()
thing.itself = thing
def late():
    time.sleep(0.1)
    with open({str(log)!r}, "a") as stream: stream.write("thread ")
threading.Thread(target=late).start()
print("done")
""",
    )
    site.write(
        "module.py",
        f"""
import atexit
@atexit.register
def ended():
    with open({str(log)!r}, "a") as stream: stream.write("atexit ")
""",
    )
    peer = site.send("ends.py")
    assert peer.expect(frames.HEAD).tag == 200
    assert peer.expect(frames.DATA).flags == frames.DATA_LAST
    peer.expect(frames.FREE)
    assert sorted(log.read_text().split()) == ["atexit", "finalized", "thread", "unflushed"]
    assert log.read_text().startswith("thread atexit ")


def test_what_outlives_the_response_for_too_long_is_cut_off(site: Site) -> None:
    site.write(
        "stays.py",
        "import threading\nthreading.Thread(target=threading.Event().wait).start()\nprint('done')",
    )
    site.write("hangs.py", "import module\nprint('done')")
    site.write(
        "module.py", "import atexit, signal\n@atexit.register\ndef wait():\n    signal.pause()"
    )
    site.start(shutdownTimeout=300)
    assert site.text("stays.py") == "done"
    assert "did not end in time" in site.record("did not end")["text"]
    assert site.text("hangs.py") == "done"
    assert site.record("ended late")["text"] == "its process ended late, by signal SIGALRM"


def test_an_overdue_request_ends_by_an_exception(site: Site) -> None:
    site.write(
        "loops.py",
        "def forever():\n    open('begun', 'w').close()\n    while True: pass\nforever()",
    )
    peer = site.send("loops.py")
    wait_for_file(site.folder / "begun")
    site.worker.tell({"type": "interrupt", "thread": 0, "request": "r1", "facts": {"age": 5}})
    answer = site.worker.wait_for("interrupted")
    assert (answer["request"], answer["facts"]) == ("r1", {"age": 5})
    assert "in forever" in answer["stack"]
    peer.answer()
    site.write("hello.py", "print('hello')")
    assert site.text("hello.py") == "hello"


@pytest.mark.parametrize(
    "block",
    [
        "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nbegin()\nwhile True: pass",
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGXCPU})\nbegin()\nwhile True: pass",
        """
while True:
    try:
        begin()
        while True: pass
    except BaseException: pass
""",
    ],
)
def test_an_overdue_request_that_does_not_end_is_killed(site: Site, block: str) -> None:
    site.write("blocks.py", f"import signal\ndef begin(): open('begun', 'w').close()\n{block}")
    peer = site.send("blocks.py")
    wait_for_file(site.folder / "begun")
    site.worker.tell({"type": "interrupt", "thread": 0, "request": "r1"})
    answer = peer.answer()
    assert answer.aborted == "its process ended by signal SIGKILL before the response was complete"
    site.worker.wait_for("interrupted")
    site.write("hello.py", "print('hello')")
    assert site.text("hello.py") == "hello"


def test_an_interrupt_for_another_request_has_no_effect(site: Site) -> None:
    site.write("hello.py", "print('hello')")
    for thread in (0, 7):
        site.worker.tell({"type": "interrupt", "thread": thread, "request": "r0"})
        assert site.worker.wait_for("interrupted")["stack"] == ""
    assert site.text("hello.py") == "hello"


def test_a_client_that_leaves_ends_the_response(site: Site) -> None:
    site.write(
        "streams.py",
        "print('Content-Type: x/y\\n')\nwhile True: print('z' * 10_000, flush=True)",
    )
    peer = site.send("streams.py")
    peer.expect(frames.HEAD)
    peer.send(frames.encode(frames.BROKEN, 0, b"the client has left"))
    while (frame := peer.next()) is not None and frame.kind == frames.DATA:
        pass
    assert frame is not None and frame.kind == frames.ABORT
    peer.expect(frames.FREE)


def test_processes_that_a_script_forks_are_its_own(site: Site) -> None:
    site.write(
        "forks.py",
        """
import os, signal, sys
print("parent")
pid = os.fork()
if pid == 0:
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    sys.stderr.write("child writes\\n")
    os._exit(0)
print(os.waitpid(pid, 0)[1])
""",
    )
    site.write(
        "returns.wsgi",
        """
import os
def application(environ, start_response):
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
    start_response("200 OK", [])
    return [b"%d" % (pid > 0)]
""",
    )
    site.write("leaves.py", "import os, time\nif os.fork() == 0: time.sleep(60)\nprint('left')")
    assert site.text("forks.py") == "parent\n0"
    assert "child writes" in site.worker.stderr()
    assert site.text("returns.wsgi") == "1"
    assert "returned to the server" in site.worker.stderr()
    assert [site.text("leaves.py") for _ in range(2)] == ["left"] * 2
    assert site.worker.stop() == 0


def test_a_script_may_close_all_descriptors_that_it_can_think_of(site: Site) -> None:
    site.write(
        "closes.py",
        "import os, sys\nos.closerange(3, 1000)\nprint('ok')\nprint('log', file=sys.stderr)",
    )
    assert site.text("closes.py") == "ok"
    assert site.record("log")["request"] == "r1"
    site.write("all.py", "import os\nos.closerange(0, 10_000)\nprint('lost')")
    peer = site.send("all.py")
    assert peer.answer().aborted is not None
    site.write("hello.py", "print('hello')")
    assert site.text("hello.py") == "hello"


def test_a_system_that_cannot_fork_is_a_503(site: Site) -> None:
    site.write("hello.py", "print('hello')")
    (site.folder / "sitecustomize.py").write_text(
        """
import errno, os
fork = os.fork
def limited():
    if os.path.exists(os.path.dirname(__file__) + "/full"):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = limited
"""
    )
    worker = site.start(environment={"PYTHONPATH": str(site.folder)})
    descriptors = f"/proc/{worker.pid}/fd"
    assert site.text("hello.py") == "hello"
    before = os.listdir(descriptors)
    (site.folder / "full").touch()
    assert [site.get("hello.py").status for _ in range(3)] == [503] * 3
    record = site.record("no process can be started")
    assert (record["level"], record["request"]) == ("error", "r1")
    (site.folder / "full").unlink()
    assert site.text("hello.py") == "hello"
    assert os.listdir(descriptors) == before


def test_children_publish_what_all_of_them_would_find_out(site: Site) -> None:
    site.write("bare.py", "import colorsys, sys\nprint('bare')")
    site.write("knows.py", "import sys\nprint('colorsys' in sys.modules, 'this' in sys.modules)")
    site.write("odd.py", "import this")
    assert site.text("knows.py") == "False False"
    assert [site.text("bare.py") for _ in range(3)] == ["bare"] * 3
    site.get("odd.py")
    if sys.version_info >= (3, 10):
        assert site.text("knows.py") == "True False"
    told = [record for record in site.worker.logs() if "prints no header lines" in record["text"]]
    assert [Path(record["text"].split()[0]).name for record in told] == [
        "knows.py",
        "bare.py",
        "odd.py",
    ]


def test_changed_files_are_seen_by_the_next_request(site: Site) -> None:
    site.write("x.py", "import helper\nprint(helper.NAME)")
    site.write("x.psp", '<%@ include file="part.inc" %>')
    for text in ("one", "another"):
        site.write("helper.py", f"NAME = {text!r}")
        site.write("part.inc", text)
        assert [site.text(name) for name in ("x.py", "x.py", "x.psp", "x.psp")] == [text] * 4


def test_the_template_does_not_grow(site: Site) -> None:
    site.write(
        "hello.py",
        "import json, helper\nprint('Content-Type: x/y\\n')\nprint(json.dumps(helper.VALUE))",
    )
    site.write("helper.py", "VALUE = [1] * 3")
    worker = site.start(threads=1)

    def measure() -> tuple[int, int]:
        status = Path(f"/proc/{worker.pid}/status").read_text()
        resident = int(status.partition("VmRSS:")[2].split()[0])
        return resident, len(os.listdir(f"/proc/{worker.pid}/fd"))

    for _ in range(30):
        site.get("hello.py")
    before = measure()
    assert {site.text("hello.py", body=b"x" * 10_000) for _ in range(300)} == {"[1, 1, 1]"}
    after = measure()
    assert after[1] == before[1]
    assert after[0] < before[0] + 1000
    assert children_of(worker.pid) == []


def test_a_stop_waits_for_children(site: Site) -> None:
    site.write("slow.py", "import time\nopen('begun', 'w').close()\ntime.sleep(0.3)\nprint('slow')")
    peer = site.send("slow.py")
    wait_for_file(site.folder / "begun")
    # To the whole group, as from a service manager.
    os.killpg(os.getpgid(site.worker.pid), 0)
    for child in children_of(site.worker.pid):
        os.kill(int(child), signal.SIGTERM)
    os.kill(site.worker.pid, signal.SIGTERM)
    site.worker.wait_for("leaving")
    site.worker.tell({"type": "stop", "patience": DEADLINE * 1000})
    assert peer.answer().body == b"slow\n"
    assert site.worker.wait() == 0


def test_a_stop_kills_children_after_its_patience(site: Site) -> None:
    site.write("slow.py", "import time\nopen('begun', 'w').close()\ntime.sleep(60)")
    peer = site.send("slow.py")
    wait_for_file(site.folder / "begun")
    site.worker.tell({"type": "stop", "patience": 50})
    assert peer.answer().aborted is not None
    assert site.worker.wait() == 0


def test_the_end_of_node_ends_all(site: Site) -> None:
    site.write(
        "slow.py", "import os, time\nopen('begun', 'w').write(str(os.getpid()))\ntime.sleep(60)"
    )
    site.start(ownGroup=True)
    site.send("slow.py")
    wait_for_file(site.folder / "begun")
    site.worker.control.socket.close()
    assert site.worker.wait() in (0, -signal.SIGKILL)


def wait_for_blocked_child(site: Site) -> int:
    """The child, once it waits for Node to read."""
    (child,) = children_of(site.worker.pid)
    end = time.monotonic() + DEADLINE
    while Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2][0] != "S":
        assert time.monotonic() < end, "the child does not wait"
        time.sleep(0.01)
    return int(child)


def wait_for_file(path: Path) -> None:
    end = time.monotonic() + DEADLINE
    while not path.exists():
        assert time.monotonic() < end, f"no {path}"
        time.sleep(0.01)


def test_handlers_of_logging_end_in_order(site: Site) -> None:
    log = site.folder / "log"
    site.write(
        "logs.py",
        f"""
import logging.handlers
target = logging.FileHandler({str(log)!r})
logger = logging.getLogger("mine")
logger.addHandler(logging.handlers.MemoryHandler(100, target=target))
logger.warning("kept")
print("done")
""",
    )
    peer = site.send("logs.py")
    assert peer.answer().body == b"done\n"
    assert log.read_text() == "kept\n"


def test_modules_of_handlers_are_not_loaded_by_the_template(site: Site) -> None:
    site.write(
        "act.py",
        """
import os
LOADER = os.getpid()
def main(connection):
    print(LOADER == os.getpid())
""",
    )
    site.start(handlers=["act.py:main"])
    environ = {**site.environ("act.py"), "taipan.script_kind": f"{site.folder}/act.py:main"}
    answer = site.worker.threads[0].get(environ)
    assert answer.body == b"True\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("import os\nos._exit(3)", "loading it ended the process (3)"),
        ("other = 1", "main"),
    ],
)
def test_handlers_that_cannot_be_loaded_are_told(site: Site, text: str, told: str) -> None:
    site.write("act.py", text)
    worker = site.start(handlers=["act.py:main"], wait=False)
    assert told in worker.wait_for("failed")["summary"]


def test_a_child_that_is_killed_within_a_frame_costs_the_link(site: Site) -> None:
    site.write("large.py", "print('Content-Type: x/y\\n')\nprint('z' * 8_000_000, end='')")
    site.write("hello.py", "print('hello')")
    site.start()
    peer = site.send("large.py")
    peer.expect(frames.HEAD)
    os.kill(wait_for_blocked_child(site), signal.SIGKILL)
    while (frame := peer.next()) is not None:
        assert frame.kind == frames.DATA and not frame.flags & frames.DATA_LAST
    assert "signal SIGKILL while it sent a response" in site.record("was lost")["text"]
    # Node replaces the worker, which goes on meanwhile.
    assert site.text("hello.py", 1) == "hello"


def test_a_script_that_interrupts_itself_within_a_frame_costs_the_link(site: Site) -> None:
    site.write(
        "alarm.py",
        """
import signal
def stop(number, frame): raise TimeoutError
signal.signal(signal.SIGALRM, stop)
print('Content-Type: x/y\\n')
print('z' * 8_000_000, end='')
""",
    )
    peer = site.send("alarm.py")
    peer.expect(frames.HEAD)
    os.kill(wait_for_blocked_child(site), signal.SIGALRM)
    assert "exit code 70 while it sent a response" in site.record("was lost")["text"]


def test_a_script_that_becomes_a_fifo_does_not_hold_the_template(site: Site) -> None:
    site.write("turns.py", "import os\nos.unlink(__file__)\nos.mkfifo(__file__)\nprint('done')")
    site.write("hello.py", "print('hello')")
    site.write("part.inc", "part")
    site.write(
        "turns.psp",
        """<%@ include file="part.inc" %><%
path = os.path.dirname(__file__) + "/part.inc"
os.unlink(path)
os.mkfifo(path) %>""",
    )
    assert site.text("turns.py") == "done"
    assert site.text("turns.psp") == "part"
    assert site.text("hello.py") == "hello"


def test_nonsense_on_the_channel_of_a_child_is_dropped(site: Site) -> None:
    site.write(
        "writes.py",
        """
import os
for descriptor in range(3, 4096):
    try: os.write(descriptor, b"nonsense that is longer than a header")
    except OSError: pass
""",
    )
    site.write("hello.py", "print('hello')")
    site.send("writes.py", 1)
    assert site.text("hello.py") == "hello"


def test_a_process_forked_without_descriptors_is_a_program(site: Site) -> None:
    site.write(
        "closed.py",
        """
import os, signal
os.closerange(3, 10_000)
pid = os.fork()
if pid == 0:
    with open("signal", "w") as stream:
        stream.write(str(int(signal.getsignal(signal.SIGTERM))))
    os._exit(0)
os.waitpid(pid, 0)
""",
    )
    assert site.send("closed.py").answer().aborted is not None
    assert (site.folder / "signal").read_text() == "0"
