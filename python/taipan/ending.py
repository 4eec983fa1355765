"""Ends an interpreter as CPython does, with a time limit: threads, then atexit handlers."""

from __future__ import annotations

import atexit
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty
from time import monotonic
from typing import Any, Callable

from taipan.events import Reporter
from taipan.native import NativeThread
from taipan.tracebacks import format_exception

#: Shortest wait, so that a finished thread is seen to be finished.
_LEAST_SECONDS = 0.25
_MOST_NAMES = 10

#: Set when Node has disappeared, so that nobody clears up after this process.
ORPHANED = threading.Event()
#: Clear up after Node then, if handlers of `atexit` have not done so: in any thread, and soon.
ORPHAN_CALLS: list[Callable[[], None]] = []


def clear_up_after_node() -> None:
    """Does what `ORPHAN_CALLS` say."""
    for call in list(ORPHAN_CALLS):
        with suppress(Exception):
            call()


def end_interpreter(deadline: float, reporter: Reporter) -> None:
    """Lets threads and executors finish until `deadline` (`monotonic()`), then runs the handlers.

    What does not finish is logged and cut off by the end of the process. Ends child processes of
    `multiprocessing` that would block the handlers beyond the deadline.
    """
    left = end_threads(deadline, reporter)
    if left:
        report_left(left, reporter)
    run_bounded(atexit._run_exitfuncs, deadline, reporter)
    # Python >= 3.14 waits for threads that handlers have started.
    if not left and find_left() and (left := end_threads(deadline, reporter)):
        report_left(left, reporter)


def report_left(left: str, reporter: Reporter) -> None:
    """Logs what is cut off."""
    reporter.report("warning", f"did not end in time: {left}")


def end_threads(deadline: float, reporter: Reporter) -> str:
    """Lets threads and executors finish until the deadline; returns the names of the others."""
    calls = _threading_atexits()
    while True:
        # Waiting cannot be interrupted, so another thread waits.
        thread = threading.Thread(
            target=_shut_down, args=(reporter,), name="taipan-end", daemon=True
        )
        thread.start()
        thread.join(max(_LEAST_SECONDS, deadline - monotonic()))
        if not thread.is_alive():
            return ""
        if not calls:
            return _describe_left()


def _shut_down(reporter: Reporter) -> None:
    """Does what `threading._shutdown` does, which would skip the rest if a call did not return."""
    calls = _threading_atexits()
    while calls:
        try:
            calls.pop()()
        except BaseException as error:
            reporter.report("error", "the end of an executor failed", format_exception(error))
    while left := find_left():
        for thread in left:
            thread.join()


def _threading_atexits() -> list[Callable[[], object]]:
    """The callbacks of `threading._register_atexit`, mostly of `concurrent.futures`."""
    calls: list[Callable[[], object]] = vars(threading).get("_threading_atexits", [])
    return calls


def run_bounded(run: Callable[[], None], deadline: float, reporter: Reporter) -> None:
    """Runs atexit handlers; ends child processes that block them beyond the deadline."""
    over = threading.Event()
    if "multiprocessing.process" in sys.modules:
        arguments = (over, deadline, reporter)
        threading.Thread(target=_end_children, args=arguments, daemon=True).start()
    try:
        run()
    except BaseException as error:
        reporter.report("error", "an atexit handler failed", format_exception(error))
    finally:
        over.set()


def _end_children(over: threading.Event, deadline: float, reporter: Reporter) -> None:
    """Ends child processes that a handler of `multiprocessing` would wait for without limit."""
    if over.wait(max(_LEAST_SECONDS, deadline - monotonic())):
        return
    children = list(vars(sys.modules["multiprocessing.process"])["_children"])
    for child in children:
        child.terminate()
    if children:
        report_left(f"child processes {_list_names([child.name for child in children])}", reporter)


def find_left() -> list[threading.Thread]:
    """Threads of the application that an interpreter waits for at its end."""
    current = threading.current_thread()
    return [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not current and not _is_spared(thread)
    ]


def _is_spared(thread: threading.Thread) -> bool:
    # Eventlet has its own class of that name, which `main_thread()` does not return.
    return isinstance(thread, NativeThread) or type(thread).__name__ == "_MainThread"


def _describe_left() -> str:
    managers = pool_managers()
    queues = pool_threads()
    threads = {*find_left(), *queues}.difference(managers)
    names = [thread.name for thread in threads if thread.is_alive() and not waits_for_pool(thread)]
    waiting = sum(_count_jobs(queue) for queue in set(queues.values()))
    processing = sum(len(manager.pending_work_items) for manager in managers)
    counts = {"jobs that no thread has begun": waiting, "jobs of process pools": processing}
    return describe(names, counts) or "what runs before atexit handlers"


def describe(names: list[str], counts: Mapping[str, int]) -> str:
    """Lists names of threads and counts of other things; empty if there are none."""
    parts = [f"threads {_list_names(names)}"] if names else []
    parts += [f"{what}: {count}" for what, count in counts.items() if count]
    return "; ".join(parts)


def pool_threads() -> dict[Any, Any]:
    """Threads of `ThreadPoolExecutor`, with the queues of their jobs."""
    return _registered("concurrent.futures.thread", "_threads_queues")


def pool_managers() -> list[Any]:
    """Threads that manage the processes of `ProcessPoolExecutor`."""
    return list(_registered("concurrent.futures.process", "_threads_wakeups"))


def _registered(module: str, name: str) -> dict[Any, Any]:
    return dict(vars(sys.modules[module])[name]) if module in sys.modules else {}


def waits_for_pool(thread: threading.Thread) -> bool:
    """Whether an event loop has started the thread to shut down its default executor."""
    return getattr(getattr(thread, "_target", None), "__name__", "") == "_do_shutdown"


def _count_jobs(queue: Any) -> int:
    """Counts and removes the jobs, so that no other job begins."""
    count = 0
    try:
        while True:
            count += queue.get_nowait() is not None
    except Empty:
        return count


def _list_names(names: list[str]) -> str:
    more = len(names) - _MOST_NAMES
    listed = ", ".join(sorted(names)[:_MOST_NAMES]) + (f", {more} more" if more > 0 else "")
    return f"({len(names)}) {listed}"
