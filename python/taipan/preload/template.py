"""The process that loads the applications once, and forks the workers.

It serves nothing, and has one thread when it forks, so that its copies are whole.
"""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from time import monotonic
from types import FrameType
from typing import Any, NoReturn

from taipan.at_fork import HELD_SIGNALS
from taipan.control import ControlChannel, quiet_exit
from taipan.descriptors import take_request_sockets, take_socket
from taipan.ending import end_interpreter
from taipan.hooks import Hooks
from taipan.loader.django import load_urls
from taipan.logs import Logs, Requests
from taipan.named_code import NotThere
from taipan.native import NativeThread, sleep, socket
from taipan.poller import Poller
from taipan.preload.door import Door, DoorClosed
from taipan.preload.load_guard import LoadGuard
from taipan.preload.loaded import Forked, Loaded
from taipan.serving import Serving
from taipan.tracebacks import format_exception

_EXIT_NOT_LOADED = 3
#: The longest wait; Node may have ended without closing the control channel.
_LOOK_SECONDS = 1.0
#: Time for threads and atexit handlers of what could not be loaded.
_ENDING_SECONDS = 1.0
_KEPT_ENDED = 100
_THREADS = (
    "importing the applications has started threads, which run in the template alone and not in the"
    " workers that are forked from it ({}); start them in a lifespan, at the first request or in a"
    " hook post_fork, or leave preload out"
)


class Template:
    """Loads the applications, and forks a worker for each set of descriptors that arrives."""

    def __init__(
        self, channel: ControlChannel, config: Mapping[str, Any], door: socket, base: int
    ) -> None:
        self._channel = channel
        self._door = Door(door)
        self._base = base
        self._server = os.getppid()
        requests = Requests()
        self._logs = Logs(channel.send, requests)
        self._serving = Serving(channel, config, (), (self._logs, requests))
        self._hooks = Hooks(self._logs, channel.send)
        self._loaded = Loaded(self._logs, self._serving, None, self._hooks)
        self._children: set[int] = set()
        #: Some of those that have ended; their groups may have to be ended, too.
        self._ended: deque[int] = deque(maxlen=_KEPT_ENDED)
        self._poller = Poller()
        self._wakeup: tuple[int, ...] = ()
        self._terminated = False
        #: What has been forked, in the worker.
        self._forked: Forked | None = None

    def run(self) -> Forked:
        """Loads, and forks until Node wants no more. Returns in workers alone."""
        self._logs.install()
        for number in (signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, self._on_terminate)
        signal.signal(signal.SIGINT, _ignore)
        faulthandler.enable(2)
        self._load()
        self._watch()
        while self._forked is None:
            self._poller.wait(_LOOK_SECONDS)
            if self._forked is None and self._channel.orphaned:
                os._exit(0)
        return self._forked

    def _load(self) -> None:
        # What is freed here would leave holes, which workers fill: copies of pages.
        gc.disable()
        guard = LoadGuard(self._channel, self._logs.flush)
        guard.start()
        if self._serving.applications.may_need_loop:
            # Imported late, because asyncio is large and WSGI does not need it.
            from taipan.loop import LoopRunner

            self._loaded = self._loaded._replace(loop=LoopRunner(self._serving))
        self._serving.prepare()
        try:
            self._hooks.load(self._serving.config)
        except NotThere as error:
            self._serving.report_not_there(error)
            self._fail()
        if not self._serving.load():
            self._fail()
        self._prepare()
        guard.stop()
        self._warn_of_threads()
        self._logs.flush()
        gc.freeze()
        self._serving.report_ready()

    def _prepare(self) -> None:
        """Loads what the first requests would, in each worker."""
        try:
            load_urls()
        except BaseException as error:
            text = "Django's URLs could not be loaded beforehand"
            self._logs.report("warning", text, format_exception(error))

    def _fail(self) -> NoReturn:
        """Ends it; Node has been told why."""
        NativeThread(_end_late, "taipan-end").start()
        try:
            end_interpreter(monotonic(), self._logs)
        finally:
            self._logs.flush()
            quiet_exit(_EXIT_NOT_LOADED)

    def _warn_of_threads(self) -> None:
        current = threading.current_thread()
        names = [thread.name for thread in threading.enumerate() if thread is not current]
        if names:
            self._logs.report("warning", _THREADS.format(", ".join(sorted(names)[:10])))

    def _watch(self) -> None:
        self._wakeup = os.pipe()
        for end in self._wakeup:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _notice)
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        self._poller.watch(self._wakeup[0], self._on_wakeup)
        self._poller.watch(self._channel.fileno(), self._take_messages)
        self._poller.watch(self._door.fileno(), self._take_descriptors)

    def _take_messages(self, _events: int) -> None:
        messages = self._channel.take_messages()
        for message in messages or ():
            kind = message.get("type")
            if kind == "ping":
                self._channel.send({"type": "pong", "id": message.get("id")})
            elif kind == "signal":
                self._signal(int(message["pid"]), str(message["signal"]))
            elif kind == "stop":
                messages = None
                break
        if messages is None:
            self._logs.flush()
            os._exit(0)

    def _signal(self, pid: int, wanted: str) -> None:
        """Signals a worker, or its group, for a server that may not."""
        if pid not in self._children and pid not in self._ended:
            return
        with suppress(ProcessLookupError, PermissionError):
            if wanted in ("end", "tree"):
                os.killpg(pid, signal.SIGKILL if wanted == "tree" else signal.SIGTERM)
            elif pid in self._children:
                os.kill(pid, signal.SIGABRT if wanted == "SIGABRT" else signal.SIGTERM)

    def _take_descriptors(self, _events: int) -> None:
        try:
            for number, descriptors in self._door.receive():
                self._fork(number, descriptors)
        except DoorClosed:
            os._exit(0)

    def _fork(self, number: int, descriptors: Sequence[int]) -> None:
        # They do not come to a worker before it has handlers of its own.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, HELD_SIGNALS)
        try:
            pid = os.fork()
        except OSError as error:
            self._channel.send({"type": "forked", "worker": number, "error": str(error)})
            pid = -1
        if pid == 0:
            self._forked = self._become_worker(descriptors)
            return
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
        for descriptor in descriptors:
            os.close(descriptor)
        if pid > 0:
            self._children.add(pid)
            self._channel.send({"type": "forked", "worker": number, "pid": pid})

    def _become_worker(self, descriptors: Sequence[int]) -> Forked:
        # As Node does with workers: their children can be ended with them.
        os.setsid()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in self._wakeup:
            os.close(end)
        self._door.close()
        stdout, stderr, control, *requests = descriptors
        for given, number in ((stdout, 1), (stderr, 2)):
            os.dup2(given, number)
            os.close(given)
        self._channel.move_to_child(lambda: take_socket(control, self._base), self._server)
        sockets = take_request_sockets(requests, self._base)
        self._logs.move_to_child(self._channel.send)
        self._serving.threads.connect(sockets.threads)
        gc.enable()
        return Forked(sockets, self._loaded)

    def _on_wakeup(self, _events: int) -> None:
        with suppress(BlockingIOError):
            os.read(self._wakeup[0], 4096)
        for pid in list(self._children):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self._children.discard(pid)
                self._ended.append(pid)
                self._channel.send({"type": "ended", "pid": pid, **_describe_end(status)})

    def _on_terminate(self, _number: int, _frame: FrameType | None) -> None:
        if self._terminated:
            os._exit(0)
        self._terminated = True
        self._channel.send({"type": "leaving"})


def _describe_end(status: int) -> dict[str, object]:
    if not os.WIFSIGNALED(status):
        return {"code": os.WEXITSTATUS(status), "signal": None}
    number = os.WTERMSIG(status)
    try:
        return {"code": None, "signal": signal.Signals(number).name}
    except ValueError:
        return {"code": 128 + number, "signal": None}


def _end_late() -> None:
    sleep(_ENDING_SECONDS)
    os._exit(_EXIT_NOT_LOADED)


def _notice(_number: int, _frame: FrameType | None) -> None:
    """Lets the signal of a worker's end wake the template."""


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Does nothing: Node decides when it ends. Children would inherit SIG_IGN."""
