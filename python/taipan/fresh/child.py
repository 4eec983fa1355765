"""A forked process that answers one request and ends."""

from __future__ import annotations

import atexit
import gc
import io
import json
import logging
import os
import signal
import sys
import threading
from contextlib import suppress
from functools import cached_property
from socket import AF_UNIX, SOCK_STREAM
from time import monotonic
from types import FrameType
from typing import NoReturn

from taipan.at_fork import end_child
from taipan.control import ControlChannel
from taipan.dispatch import Request
from taipan.ending import end_threads, report_left, run_bounded
from taipan.events import TransportClosed
from taipan.fresh.child_signals import END, LOOK, leave_signals, take_signals
from taipan.fresh.child_socket import EXIT_BROKEN, ChildSocket
from taipan.fresh.standard_modules import MODULES, find_imported
from taipan.native import POLLIN, get_ident, poll, socket
from taipan.request_timeout import RequestTimeout
from taipan.serving import Serving
from taipan.stacks import capture_thread, format_stack
from taipan.template_facts import publish_by
from taipan.tracebacks import format_exception

#: Tags of frames to the template: for Node, the stack of an overdue request, facts, and the stack
#: that somebody asked for.
TO_NODE = 0
STACK = 1
FACTS = 2
LOOKED = 3
_MOST_ORDERS = 64

_WRITERS = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)


class Child:
    """The answer to one request in a new process."""

    def __init__(
        self, serving: Serving, transport: ChildSocket, report: int, patience: float
    ) -> None:
        self._serving = serving
        self._transport = transport
        #: Descriptor of a socket to the template.
        self._report = report
        #: Seconds that threads and atexit handlers have after the response; 0: no limit.
        self._patience = patience
        self._request: str | None = None
        self._modules = len(sys.modules)
        self._facts: list[tuple[str, str]] = []
        self._endings = _count_endings()
        self._pid = os.getpid()

    def run(self, request: Request, name: str | None) -> NoReturn:
        """Answers the request `name`, and ends the process."""
        self._request = name
        try:
            self._serving.logs.move_to_child(lambda message: self._channel.send(message))
            publish_by(lambda topic, fact: self._facts.append((topic, fact)))
            os.register_at_fork(after_in_child=self._forget)
            take_signals(self._on_order)
            self._serving.dispatcher.dispatch(request, self._transport)
            self._require_own()
            self._end()
        except (TransportClosed, RequestTimeout):
            os._exit(EXIT_BROKEN)
        except BaseException as error:
            self._require_own()
            text = "the process of a request failed"
            self._serving.logs.report("error", text, format_exception(error))
            os._exit(EXIT_BROKEN)

    @cached_property
    def _channel(self) -> ControlChannel:
        """Made when there is something to tell."""
        return ControlChannel(socket(AF_UNIX, SOCK_STREAM, 0, self._report))

    def _forget(self) -> None:
        """In processes that the script forks."""
        self._transport.forget()
        leave_signals(self._on_order)
        # The script may have closed it.
        with suppress(OSError):
            os.close(self._report)

    def _require_own(self) -> None:
        """Ends a process that the script has forked and that left the script."""
        if os.getpid() != self._pid:
            end_child()

    def _on_order(self, _number: int, _frame: FrameType | None) -> None:
        orders = self._read_orders()
        stack = format_stack(capture_thread(get_ident())).encode("utf-8", "replace")
        if LOOK in orders:
            self._channel.send_payload(stack, LOOKED)
        if END in orders or not orders:
            self._channel.send_payload(stack, STACK)
            self._transport.call_between_writes(self._interrupt)

    def _read_orders(self) -> bytes:
        """What the template wants; nothing where the signal is of the kernel."""
        poller = poll()
        poller.register(self._report, POLLIN)
        # The script may have closed it.
        with suppress(OSError):
            return os.read(self._report, _MOST_ORDERS) if poller.poll(0) else b""
        return b""

    def _interrupt(self) -> None:
        if self._serving.dispatcher.interrupt(get_ident(), self._request or "") is None:
            # It waits for threads or handlers after the response.
            raise RequestTimeout

    def _end(self) -> NoReturn:
        """Ends the interpreter as CPython does, without taking it to pieces."""
        if self._patience:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_REAL, self._patience + 1)
        deadline = monotonic() + (self._patience or threading.TIMEOUT_MAX / 2)
        logs = self._serving.logs
        if threading.active_count() > 1 and (left := end_threads(deadline, logs)):
            report_left(left, logs)
        if _count_endings() != self._endings:
            run_bounded(atexit._run_exitfuncs, deadline, logs)
        # Before finalizers close the files of circles, whose buffers come first there.
        _flush_files()
        # Objects of the template are not looked at.
        gc.collect()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        logs.flush()
        self._publish()
        os._exit(0)

    def _publish(self) -> None:
        facts = [*self._facts, *((MODULES, name) for name in find_imported(self._modules))]
        if facts:
            self._channel.send_payload(json.dumps(facts).encode(), FACTS)


def _count_endings() -> tuple[int, int]:
    """What is to be done at the end: atexit handlers, of which one ends those of `logging`."""
    return atexit._ncallbacks(), len(vars(logging)["_handlerList"])


def _flush_files() -> None:
    """Writes what is left in the buffers of files that are still open."""
    for found in gc.get_objects():
        if isinstance(found, _WRITERS):
            try:
                found.flush()
            except (OSError, ValueError):
                pass
