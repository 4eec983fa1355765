"""A worker inside Node: applications that are loaded and served on Node's thread."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping, Sequence
from socket import SHUT_RD, SHUT_RDWR
from time import monotonic
from types import ModuleType
from typing import Any, Callable

from taipan.control import ControlThread, Message
from taipan.debugger import Debugger
from taipan.embedded import exits, forks, modules, node_thread, signals, work
from taipan.embedded.channel import InnerChannel
from taipan.embedded.inner_loop import InnerLoop
from taipan.embedded.search_path import SearchPath
from taipan.embedded.shared import shared, write_record
from taipan.ending import end_threads, report_left, run_bounded
from taipan.native import NativeThread, allocate_lock, socket
from taipan.serving import Serving
from taipan.tracebacks import format_exception, summarize

#: How long the parent may take nothing of a report.
_PARENT_SECONDS = 5.0

_workers: dict[int, InnerWorker] = {}
#: Threads and jobs of the last stop may run until then (`monotonic()`).
_deadline = 0.0
#: Those that did not end by then were logged.
_told = False
_next = 0


class InnerWorker:
    """A worker from its configuration to its end, beside others in the same interpreter."""

    def __init__(self, number: int, sockets: Sequence[socket], memory: Mapping[str, Any]) -> None:
        self._number = number
        self._loop = InnerLoop(memory, shared.logs)
        self._control, *self._sockets = sockets
        self.channel = InnerChannel(self._control)
        forks.own(sockets)
        self.serving: Serving | None = None
        self._folders: list[str] = []
        #: Modules of an earlier worker, until this one serves.
        self._earlier: dict[str, ModuleType] = {}
        self._given_up = False
        self._path = SearchPath()
        self._stopping = allocate_lock()
        self._deadline = 0.0
        self._over = allocate_lock()
        #: Handlers for messages of Node; more are added when there are applications.
        self._handlers: dict[str, Callable[[Message], None]] = {
            "configure": self._on_configure,
            "stop": lambda message: self.stop(float(message.get("patience", 0)) / 1000),
        }

    def open(self) -> dict[str, int]:
        """Begins to read messages of Node. Returns what Node needs to call the event loop."""
        port = self._loop.open()
        try:
            ControlThread(self.channel, self._handlers, self._on_end).start()
        except BaseException:
            os.close(port["descriptor"])
            raise
        return port

    def discard(self) -> None:
        """Discards a worker that could not be opened."""
        self._loop.close()
        self.channel.close()
        forks.disown((self._control, *self._sockets))

    def send(self, message: Message) -> None:
        """Sends a message to Node."""
        self.channel.send(message)

    def stop(self, patience: float = 0) -> None:
        """Begins to stop. Safe in any thread, and may be called again.

        Threads that requests started may run for `patience` seconds.
        """
        global _deadline
        if not self._stopping.acquire(False):
            return
        if self.serving is not None:
            self.serving.tell_stopping()
        self._deadline = monotonic() + patience
        _deadline = max(_deadline, self._deadline)
        for sock in self._sockets:
            # Idle threads end, busy ones may continue.
            _shutdown(sock, SHUT_RD)
        NativeThread(self._wait, "taipan-stop").start()

    def interrupt(self) -> None:
        """Raises SystemExit in the threads that still serve."""
        for thread in [] if self.serving is None else self.serving.threads.started:
            if thread.ident is not None and thread.is_alive():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(
                    ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit)
                )

    def finish(self) -> None:
        """Ends the worker on Node's thread; threads that do not end are abandoned."""
        if not self._over.acquire(False):
            return
        self._stopping.acquire(False)
        _workers.pop(self._number, None)
        # The handlers of libraries run after the last worker.
        exits.run_handlers(self if _workers else None, shared.logs.report)
        shared.logs.flush()
        if not self._given_up:
            others = [other.folders for other in _workers.values()]
            modules.take_modules(set(self._folders).difference(*others))
        self._path.leave()
        shared.leave(self)
        self._loop.close()
        self.channel.close()
        self._close_sockets()
        modules.collect()

    def owns(self, path: str) -> bool:
        """Whether a module file belongs to its applications."""
        return bool(path) and modules.lies_in(path, self._folders)

    @property
    def folders(self) -> list[str]:
        """The folders of its applications; empty if it has loaded none."""
        return [] if self._given_up else self._folders

    def _on_configure(self, config: Message) -> None:
        node_thread.post(lambda: self._try_load(config))

    def _try_load(self, config: Mapping[str, Any]) -> None:
        if self._stopping.locked():
            return
        try:
            self._load(config)
        except BaseException as error:
            self.send(
                {
                    "type": "failed",
                    "application": None,
                    "summary": summarize(error),
                    "traceback": format_exception(error),
                }
            )
            self._give_up()

    def _load(self, config: Mapping[str, Any]) -> None:
        if not shared.generations:
            # Sockets opened later may be the application's.
            forks.find_listening()
        shared.enter(self)
        self.channel.group = str(config["group"])
        self.serving = Serving(self.channel, config, self._sockets, (shared.logs, shared.requests))
        self._handlers.update(self.serving.handlers())
        self._folders = modules.find_folders(config)
        # Including other applications, whose modules may have the same names.
        all_folders = {folder for worker in _workers.values() for folder in worker.folders}
        self._earlier = modules.take_modules(all_folders)
        self._path.enter(self._folders)
        self._loop.enter()
        loaded = self.serving.load()
        self._path.settle()
        shared.logs.flush()
        modules.put_back(self._earlier, self._folders)
        if loaded:
            self._loop.start(self.serving, self._on_loop_ready, self._on_loop_failed)
        else:
            self._give_up()

    def _give_up(self) -> None:
        """The worker serves nothing: restores the modules that others use."""
        modules.restore_modules(self._folders, self._earlier)
        self._earlier = {}
        self._given_up = True
        self.stop()

    def _on_loop_ready(self) -> None:
        serving = self.serving
        if serving is None or self._stopping.locked():
            self._earlier = {}
        elif serving.applications.fatal is not None:
            serving.applications.report_failed(serving.applications.fatal)
            self._give_up()
        else:
            self._earlier = {}
            self._start_threads(serving)

    def _on_loop_failed(self, error: BaseException) -> None:
        if self.serving is not None:
            self.serving.report_loop_failure(error)
        self._give_up()

    def _start_threads(self, serving: Serving) -> None:
        serving.threads.start(serving.report_ready, self._on_broken)
        for thread in serving.threads.started:
            if thread.ident is not None:
                shared.own_thread(self, thread.ident)
        if not serving.threads.started:
            serving.report_ready()

    def _on_broken(self, text: str) -> None:
        """The application has disturbed our sockets: Node notices and replaces the worker."""
        forks.end_child()
        shared.logs.report("error", text)
        for sock in self._sockets:
            _shutdown(sock, SHUT_RDWR)

    def _close_sockets(self) -> None:
        threads = [] if self.serving is None else self.serving.threads.started
        for index, sock in enumerate(self._sockets):
            _shutdown(sock, SHUT_RDWR)
            if index >= len(threads) or not threads[index].is_alive():
                sock.close()

    def _wait(self) -> None:
        for thread in [] if self.serving is None else self.serving.threads.started:
            thread.join()
        node_thread.post(lambda: self._loop.stop(self._deadline, self._on_loop_ended))

    def _on_loop_ended(self) -> None:
        if len(_workers) > 1:
            # Threads continue, because the interpreter does.
            node_thread.post(self.finish)
        else:
            NativeThread(self._wait_for_work, "taipan-stop").start()

    def _wait_for_work(self) -> None:
        global _told
        left = work.wait_for_work(self._deadline)
        if left:
            _told = True
            report_left(left, shared.logs)
        node_thread.post(self.finish)

    def _on_end(self) -> None:
        """The control channel was closed, by `finish` or by Node."""
        self.stop()
        forks.disown((self._control, *self._sockets))
        self._control.close()


def prepare(wakeup: int, parent: int | None) -> None:
    """Prepares the interpreter for workers; called once, on Node's thread.

    `parent` is a socket of Node's, to whoever takes what Node cannot.
    """
    node_thread.open_wakeup(wakeup)
    if parent is not None:
        shared.parent = socket(fileno=os.dup(parent))
        shared.parent.settimeout(_PARENT_SECONDS)
        forks.own([shared.parent])
    Debugger(shared.logs).install()
    exits.install(_find_owner)
    work.install()
    signals.install(shared.logs.report)
    forks.install()


def _find_owner(path: str) -> InnerWorker | None:
    worker = shared.current
    return worker if isinstance(worker, InnerWorker) and worker.owns(path) else None


def open_worker(control: int, threads: Sequence[int], memory: Mapping[str, Any]) -> dict[str, int]:
    """Makes a worker that owns these descriptors and uses this memory of Node."""
    global _next
    sockets = [_take_socket(descriptor) for descriptor in (control, *threads)]
    worker = None
    try:
        worker = InnerWorker(_next + 1, sockets, memory)
        port = worker.open()
    except BaseException:
        if worker is not None:
            worker.discard()
        for sock in sockets:
            sock.close()
        raise
    _next += 1
    _workers[_next] = worker
    return {"number": _next, **port}


def _take_socket(descriptor: int) -> socket:
    sock = socket(fileno=descriptor)
    sock.settimeout(None)
    return sock


def interrupt(number: int) -> None:
    """Raises an exception in the threads of a worker."""
    worker = _workers.get(number)
    if worker is not None:
        worker.interrupt()


def abandon(number: int) -> None:
    """Ends a worker without waiting for its threads."""
    worker = _workers.get(number)
    if worker is not None:
        worker.finish()


def _shutdown(sock: socket, how: int) -> None:
    try:
        sock.shutdown(how)
    except OSError:
        pass


def leave() -> None:
    """Runs the atexit handlers at the end of the process; their output does not go through Node."""
    shared.leaving = True
    for worker in list(_workers.values()):
        for message in worker.channel.take_unsent():
            if message["type"] == "log":
                write_record(message)
    shared.logs.flush()
    left = end_threads(_deadline, shared.logs)
    if left and not _told:
        report_left(left, shared.logs)
    exits.run_handlers(None, shared.logs.report)
    run_bounded(exits.run_rest, _deadline, shared.logs)
    shared.logs.flush()
