"""What a worker process does, from its configuration to its end."""

from __future__ import annotations

import contextlib
import faulthandler
import os
import signal
from collections.abc import Mapping, Sequence
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Callable, NoReturn

from taipan.at_fork import (
    close_quietly,
    end_child,
    give_back_signals,
    hold_signals,
    release_signals,
)
from taipan.control import ControlChannel, ControlThread, quiet_exit, write_error
from taipan.debugger import Debugger
from taipan.descriptors import RequestSockets
from taipan.due import DueSignals
from taipan.ending import ORPHANED, clear_up_after_node, end_interpreter
from taipan.hooks import Hooks
from taipan.interpreters.names import find_interpreters
from taipan.logs import Logs, Requests
from taipan.named_code import NotThere
from taipan.native import NativeThread, sleep, socket
from taipan.serving import Serving
from taipan.startup import run_startup
from taipan.stop import Stop
from taipan.tracebacks import format_exception, summarize

if TYPE_CHECKING:
    from taipan.fresh.template import Template
    from taipan.interpreters.pool import Interpreters
    from taipan.loop import LoopRunner
    from taipan.main_thread import MainThread
    from taipan.preload.loaded import Loaded
    from taipan.service import ServiceRunner

_EXIT_NOT_LOADED = 3
EXIT_BROKEN = 70
#: Time for atexit handlers after the end of Node.
_GRACE_SECONDS = 1.0
#: Time for lifespans and atexit handlers after that for requests.
_ENDING_SECONDS = 2.5
#: Ask this worker to finish its requests and end.
_ENDS = (signal.SIGTERM, signal.SIGQUIT)
#: Ignored here. SIGHUP is for Node, which reloads.
UNUSED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


class Worker:
    """The parts of a worker process."""

    def __init__(
        self,
        channel: ControlChannel,
        config: Mapping[str, Any],
        sockets: RequestSockets,
        loaded: Loaded | None = None,
    ) -> None:
        self._channel = channel
        self._loop_socket, self._sockets, self._terminal = sockets
        self._pid = os.getpid()
        self._stop = Stop()
        self._due = DueSignals(channel.send)
        self._terminated = False
        #: The application has called `sys.exit` outside of requests.
        self._leaving = False
        self._ending = False
        #: Threads that requests started may run until then (`monotonic()`).
        self._deadline = 0.0
        self._loaded = False
        #: None: there is no event loop, or no application that needs it.
        self._loop: LoopRunner | None = None
        #: What the main thread does; None: it waits for the end.
        self._runner: LoopRunner | MainThread | ServiceRunner | Template | None = None
        #: It was forked from a template, which has loaded the applications.
        self._is_forked = loaded is not None
        self._interpreters: Interpreters | None = None
        if loaded is not None:
            self._logs, self._serving, self._loop, self._hooks = loaded
        else:
            requests = Requests()
            self._logs = Logs(channel.send, requests)
            self._interpreters = _make_interpreters(channel, config, self._sockets, self._break)
            self._serving = Serving(
                channel, config, self._sockets, (self._logs, requests), self._interpreters
            )
            self._hooks = Hooks(self._logs, channel.send)
        self._serving.on_ready = self._hooks.tell_ready
        self._template = self._make_template()
        self._has_threads = self._template is None

    def run(self) -> NoReturn:
        """Loads the applications, serves, and ends the process."""
        if not self._is_forked:
            self._logs.install()
        self._make_debugger().install()
        if self._template is None:
            self._forget_in_children()
        signal.signal(signal.SIGINT, ignore_signal)
        for number in _ENDS:
            signal.signal(number, self._on_terminate)
        self._due.take(self._serving.config)
        faulthandler.enable(2)
        if self._is_forked:
            release_signals()
        handlers = {**self._serving.handlers(), **self._hooks.handlers(), "stop": self._on_stop}
        if self._interpreters is not None:
            self._interpreters.start()
            handlers["ping"] = self._interpreters.ping
        if self._template is None:
            ControlThread(self._channel, handlers, self._leave).start()
            self._make_loop()
        else:
            self._template.serve_channel(handlers, self._leave)
        if self._load() and self._start_loop():
            self._loaded = True
            self._serve()
            self._end(self._exit_code)
        # What the application started before it failed must not keep the process alive.
        NativeThread(self._force_end, "taipan-end").start()
        self._end(_EXIT_NOT_LOADED)

    def _load(self) -> bool:
        """Loads the applications, unless that was done before this process was forked."""
        serving, hooks = self._serving, self._hooks
        try:
            if not self._is_forked:
                serving.prepare()
                hooks.load(serving.config)
                if not serving.load():
                    return False
            hooks.begin()
            run_startup(serving.config, self._logs)
        except NotThere as error:
            serving.report_not_there(error)
            return False
        return True

    def _make_debugger(self) -> Debugger:
        # Children of a template cannot tell Node that they wait.
        if self._terminal is None or self._template is not None:
            return Debugger(self._logs)
        return Debugger(self._logs, self._terminal, self._tell_held)

    def _tell_held(self, held: bool) -> None:
        self._channel.send({"type": "debugger", "held": held})

    def _make_template(self) -> Template | None:
        if self._serving.config.get("isolation") != "fresh":
            return None
        # Imported late, as the event loop is.
        from taipan.fresh.template import Template

        return Template(self._serving, self._sockets, [self._loop_socket])

    def _make_loop(self) -> None:
        if self._loop is not None:
            self._loop.renew()
            self._runner = self._loop
        if self._is_forked or not self._serving.applications.may_need_loop:
            return
        # Imported late, because asyncio is large and WSGI does not need it.
        from taipan.loop import LoopRunner

        self._runner = self._loop = LoopRunner(self._serving)

    def _make_main_thread(self) -> MainThread | None:
        if not self._serving.on_main_thread:
            return None
        from taipan.main_thread import MainThread

        self._has_threads = False
        return MainThread(self._serving, self._sockets[0], self._break)

    def _make_service(self) -> ServiceRunner | None:
        task = self._serving.config.get("service")
        if task is None:
            return None
        from taipan.service import ServiceRunner

        self._has_threads = False
        return ServiceRunner(task, self._serving)

    @property
    def _exit_code(self) -> int:
        code = getattr(self._runner, "exit_code", 0)
        return code if isinstance(code, int) else 0

    def _start_loop(self) -> bool:
        """Starts the event loop if needed; False after telling Node why this worker ends."""
        if self._template is not None:
            self._runner = self._template
            self._template.start()
            self._serving.report_ready()
            return True
        loop = self._loop
        if loop is None or not self._serving.applications.needs_loop:
            self._loop = None
            self._runner = self._make_service() or self._make_main_thread()
            return True
        try:
            loop.start(self._loop_socket, self._break)
        except BaseException as error:
            self._serving.report_loop_failure(error)
            return False
        fatal = self._serving.applications.fatal
        if fatal is not None:
            # Before telling Node, which then ends this process.
            loop.end(self._deadline)
            self._serving.applications.report_failed(fatal)
        return fatal is None

    def _serve(self) -> None:
        """Waits for the end. Signal handlers of the application may raise here at any time."""
        while True:
            try:
                if self._has_threads:
                    self._serving.threads.start_aside(self._serving.report_ready, self._break)
                if self._runner is None:
                    self._stop.wait()
                else:
                    self._runner.run()
                return
            except BaseException as error:
                if self._ends_by(error):
                    return

    def _ends_by(self, error: BaseException) -> bool:
        """Whether to end at once after an exception outside of requests."""
        try:
            self._report_stray(error)
            if isinstance(error, SystemExit):
                # Requests may finish; Node tells when they have.
                if self._leaving:
                    return True
                self._leaving = True
                self._channel.send({"type": "leaving"})
        except SystemExit:
            # Another signal.
            return True
        return False

    def _report_stray(self, error: BaseException) -> None:
        level = "warning" if isinstance(error, SystemExit) else "error"
        text = f"a signal handler or a task raised {summarize(error)}"
        self._logs.report(level, text, format_exception(error))

    def _break(self, text: str) -> NoReturn:
        """Ends this worker, because the application has closed or written to its sockets."""
        if os.getpid() != self._pid:
            end_child()
        self._logs.report("error", f"this worker ends: {text}")
        if self._channel.closed:
            write_error(f"taipan: this worker ends: {text}\n")
        os._exit(EXIT_BROKEN)

    def _on_terminate(self, _number: int, _frame: FrameType | None) -> None:
        again, self._terminated = self._terminated, True
        if self._ending:
            # A single signal within the time for the end may have been sent to all processes.
            if again or monotonic() >= self._deadline + _ENDING_SECONDS:
                os._exit(0)
        elif again:
            self._request_stop()
        else:
            self._channel.send({"type": "leaving"})

    def _request_stop(self) -> None:
        self._stop.set()
        if self._runner is not None:
            self._runner.stop()

    def _on_stop(self, message: Mapping[str, Any]) -> None:
        self._serving.tell_stopping()
        self._deadline = monotonic() + float(message.get("patience", 0)) / 1000
        self._request_stop()
        if not self._loaded:
            sleep(_GRACE_SECONDS)
            quiet_exit(0)

    def _leave(self) -> None:
        """Node has ended: ends the process soon, whatever its threads do."""
        ORPHANED.set()
        self._serving.tell_stopping()
        self._request_stop()
        if self._loaded:
            sleep(_GRACE_SECONDS)
        # The handlers of the end may not have come to it on a busy machine.
        clear_up_after_node()
        self._end_group()
        os._exit(0)

    def _force_end(self) -> None:
        sleep(_GRACE_SECONDS)
        os._exit(_EXIT_NOT_LOADED)

    def _end(self, code: int) -> NoReturn:
        # It may end by itself, or after the time of requests is over.
        self._deadline = max(self._deadline, monotonic())
        self._ending = True
        try:
            if self._loaded:
                self._hooks.end()
            if self._runner is not None:
                self._runner.end(self._deadline)
            if self._interpreters is not None:
                self._interpreters.stop(self._deadline)
            end_interpreter(self._deadline, self._logs)
            if self._interpreters is not None:
                self._interpreters.join(self._deadline, self._logs)
        except BaseException as error:
            self._logs.report("error", "the end of this worker failed", format_exception(error))
        finally:
            try:
                self._logs.flush()
            finally:
                if ORPHANED.is_set():
                    self._end_group()
                quiet_exit(code)

    def _end_group(self) -> None:
        """Ends this process and its children, which Node does as long as it runs."""
        if os.getpgrp() == self._pid:
            os.killpg(self._pid, signal.SIGKILL)

    def _forget_in_children(self) -> None:
        """Keeps forked children from using the sockets and signal handling of this process."""
        ours: list[ControlChannel | socket] = [self._channel, self._loop_socket]
        ours += self._sockets
        descriptors = [end.fileno() for end in ours]

        def forget() -> None:
            close_quietly(descriptors)
            if self._loop is not None:
                # Signals of the child would wake the loop of the parent.
                with contextlib.suppress(ValueError):
                    signal.set_wakeup_fd(-1)
                self._loop.forget_in_child()
            own = {number: self._on_terminate for number in _ENDS}
            give_back_signals({**own, **dict.fromkeys((signal.SIGINT, *UNUSED), ignore_signal)})
            self._due.forget_in_child()

        hold_signals({*_ENDS, signal.SIGINT, *UNUSED}, forget)


def _make_interpreters(
    channel: ControlChannel,
    config: Mapping[str, Any],
    sockets: Sequence[socket],
    on_broken: Callable[[str], None],
) -> Interpreters | None:
    """The sub-interpreters that the applications need; None if they need none."""
    if not find_interpreters(config):
        return None
    # Imported late, because few need it.
    from taipan.interpreters.pool import Interpreters

    return Interpreters(channel, config, sockets, on_broken)


def ignore_signal(_number: int, _frame: FrameType | None) -> None:
    """Does nothing: Node decides when a worker ends. Children would inherit SIG_IGN."""
