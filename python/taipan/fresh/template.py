"""The warm process that forks a child for each request.

It never runs what requests run, and has one thread, so that its copies are whole.
"""

from __future__ import annotations

import gc
import json
import logging
import os
import signal
from collections.abc import Mapping, Sequence
from marshal import loads
from select import POLLOUT
from time import monotonic
from types import FrameType
from typing import Callable

from taipan import frames
from taipan.control import Message
from taipan.fresh.child import FACTS, LOOKED, STACK
from taipan.fresh.child_signals import END, LOOK
from taipan.fresh.forking import Job, fork_child
from taipan.fresh.rehearsal import rehearse
from taipan.fresh.seat import RunningChild, Seat, SeatClosed
from taipan.fresh.standard_modules import subscribe_modules
from taipan.native import POLLIN, socket
from taipan.poller import Poller
from taipan.serving import Serving
from taipan.template_facts import apply_fact
from taipan.transports.socket import ThreadSocket
from taipan.wsgi.call import respond
from taipan.wsgi.environ import request_id

#: An overdue request has so long to end by the exception that was raised in it.
_OVERDUE_SECONDS = 2.0
#: The longest wait; Node may have ended without closing the control channel.
_LOOK_SECONDS = 1.0


class Template:
    """Runs requests in children: the runner of a worker in place of threads and an event loop."""

    def __init__(
        self, serving: Serving, sockets: Sequence[socket], unused: Sequence[socket]
    ) -> None:
        self._serving = serving
        self._channel = serving.channel
        self._logs = serving.logs
        self._seats = [Seat(index, sock) for index, sock in enumerate(sockets)]
        self._patience = float(serving.config.get("shutdownTimeout", 0)) / 1000
        self._poller = Poller()
        self._wakeup: tuple[int, ...] = ()
        self._descriptors = [self._channel.fileno()]
        self._descriptors += [sock.fileno() for sock in (*sockets, *unused)]
        self._handlers: dict[str, Callable[[Message], None]] = {}
        self._on_end: Callable[[], None] = lambda: None
        self._over = False

    def serve_channel(
        self, handlers: Mapping[str, Callable[[Message], None]], on_end: Callable[[], None]
    ) -> None:
        """Handles the messages of Node, and the end of its channel, in place of a thread."""
        own = {"interrupt": self._on_interrupt, "stacks": self._on_stacks}
        self._handlers = {**handlers, **own}
        self._on_end = on_end

    def start(self) -> None:
        """Looks at all sockets from now on."""
        self._wakeup = os.pipe()
        self._descriptors += self._wakeup
        for end in self._wakeup:
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _notice)
        signal.set_wakeup_fd(self._wakeup[1], warn_on_full_buffer=False)
        self._poller.watch(self._wakeup[0], self._on_wakeup)
        self._poller.watch(self._channel.fileno(), self._take_messages)
        for seat in self._seats:
            self._watch(seat)
        # Their locks are not held where one thread forks, so that children need not renew them.
        vars(logging)["_at_fork_reinit_lock_weakset"].clear()
        subscribe_modules()
        rehearse(self._serving)
        _freeze()

    def run(self) -> None:
        """Serves requests until `stop`."""
        while not self._over:
            self._turn()

    def stop(self) -> None:
        """Ends `run` soon. Safe in a signal handler, which wakes it."""
        self._over = True

    def end(self, deadline: float) -> None:
        """Lets children end until the deadline (`monotonic()`), and kills the others."""
        self._over = True
        for seat in self._seats:
            self._poller.unwatch(seat.fileno())
        while self._children and monotonic() < deadline:
            self._turn(deadline)
        for child in self._children:
            child.kill()
        while self._children:
            self._turn()

    def _close_others(self, own: Seat) -> None:
        """In a child: closes all that belongs to the template and to other seats."""
        for descriptor in self._descriptors:
            if descriptor != own.fileno():
                os.close(descriptor)
        for child in self._children:
            child.report.close()

    @property
    def _children(self) -> list[RunningChild]:
        return [seat.child for seat in self._seats if seat.child is not None]

    def _turn(self, deadline: float | None = None) -> None:
        now = monotonic()
        times = [child.due for child in self._children if child.due]
        times += [now + _LOOK_SECONDS] if deadline is None else [now + _LOOK_SECONDS, deadline]
        self._poller.wait(min(times) - now)
        now = monotonic()
        for child in self._children:
            if child.due and child.due <= now:
                child.due = 0.0
                child.kill()
        if self._channel.orphaned:
            self._on_end()

    def _take_messages(self, _events: int) -> None:
        messages = self._channel.take_messages()
        for message in messages or ():
            handler = self._handlers.get(str(message.get("type")))
            if handler is not None:
                handler(message)
        if messages is None:
            self._poller.unwatch(self._channel.fileno())
            self._on_end()

    def _watch(self, seat: Seat) -> None:
        """Looks at a seat without a child."""
        if not self._over:
            wanted = POLLIN | POLLOUT if seat.unsent else POLLIN
            self._poller.watch(seat.fileno(), lambda events: self._on_seat(seat, events), wanted)

    def _on_seat(self, seat: Seat, events: int) -> None:
        try:
            if events & POLLOUT:
                seat.send_rest()
                self._watch(seat)
            frame = seat.receive() if events & ~POLLOUT else None
        except SeatClosed as closed:
            self._give_up(seat, closed)
            return
        if frame is not None:
            self._poller.unwatch(seat.fileno())
            self._begin(seat, frame)

    def _give_up(self, seat: Seat, closed: SeatClosed) -> None:
        """Lets Node see that a link has ended; it replaces this worker."""
        self._poller.unwatch(seat.fileno())
        seat.close()
        if closed.reason:
            self._logs.report("error", f"a link of this worker was lost: {closed.reason}")

    def _begin(self, seat: Seat, frame: frames.Frame) -> None:
        request = loads(frame.payload)
        name = request_id(request[1])
        job = Job(self._serving, request, name, frame.tag, self._patience, self._close_others)
        try:
            child = fork_child(seat, job)
        except OSError as error:
            text = (
                f"no process can be started for a request: {error}; raise the limits on processes,"
                " memory and open files, or serve fewer requests at the same time"
            )
            self._tell("error", name, text)
            respond(ThreadSocket(seat.socket), 503, "Service Unavailable\n")
            self._watch(seat)
            return
        self._poller.watch(child.report.fileno(), lambda _events: self._take_reports(child))

    def _take_reports(self, child: RunningChild) -> None:
        """Passes on what a child has to tell."""
        for frame in child.take_reports():
            if frame.tag == STACK:
                self._answer_interrupt(child, frame.payload.decode("utf-8", "replace"))
            elif frame.tag == LOOKED:
                self._answer_questions(child, frame.payload.decode("utf-8", "replace"))
            elif frame.tag == FACTS:
                self._apply(frame.payload)
            else:
                self._channel.send_payload(frame.payload)
        if child.silent:
            self._poller.unwatch(child.report.fileno())

    def _apply(self, payload: bytes) -> None:
        for topic, fact in json.loads(payload):
            apply_fact(topic, fact)
        _freeze()

    def _on_wakeup(self, _events: int) -> None:
        try:
            os.read(self._wakeup[0], 4096)
        except BlockingIOError:
            pass
        for seat in self._seats:
            child = seat.child
            ending = None if child is None else child.look()
            if child is not None and ending is not None:
                self._end_child(seat, child, ending)

    def _end_child(self, seat: Seat, child: RunningChild, ending: str) -> None:
        self._take_reports(child)
        self._poller.unwatch(child.report.fileno())
        self._answer_interrupt(child, "")
        self._answer_questions(child, "")
        closed: SeatClosed | None = None
        try:
            told = seat.end(ending)
        except SeatClosed as error:
            closed = error
            told = ""
        if told:
            level = "warning" if seat.progress.answered else "error"
            self._tell(level, child.request, told)
        if closed is None:
            self._watch(seat)
        else:
            self._give_up(seat, closed)

    def _tell(self, level: str, request: str | None, text: str) -> None:
        """Logs something about a request."""
        record = {"type": "log", "stream": "worker", "level": level, "request": request}
        self._channel.send({**record, "text": text})

    def _on_interrupt(self, message: Message) -> None:
        index = int(message.get("thread", -1))
        child = self._seats[index].child if 0 <= index < len(self._seats) else None
        if child is None or child.request != message["request"] or child.interrupt is not None:
            self._send_interrupted(message, "")
            return
        child.interrupt = message
        child.due = monotonic() + _OVERDUE_SECONDS
        child.order(END)

    def _answer_interrupt(self, child: RunningChild, stack: str) -> None:
        if child.interrupt is not None:
            self._send_interrupted(child.interrupt, stack)
            child.interrupt = None

    def _on_stacks(self, message: Message) -> None:
        number = int(message["id"])
        children = self._children
        for child in children:
            child.questions.append(number)
            child.order(LOOK)
        self._send_stacks(number, [], more=len(children))

    def _answer_questions(self, child: RunningChild, stack: str) -> None:
        # Without a stack Node says what it knows of the request.
        one = {"kind": "thread", "name": f"process {child.pid}", "request": child.request}
        while child.questions:
            self._send_stacks(child.questions.pop(), [{**one, "stack": stack}] if stack else [])

    def _send_stacks(self, number: int, stacks: list[Message], more: int = 0) -> None:
        self._channel.send({"type": "stacks", "id": number, "stacks": stacks, "more": more})

    def _send_interrupted(self, message: Message, stack: str) -> None:
        answer = {"request": message["request"], "facts": message.get("facts"), "stack": stack}
        self._channel.send({"type": "interrupted", **answer})


def _freeze() -> None:
    """Has children not look at what is there now, so that it stays shared with them."""
    gc.collect()
    gc.freeze()


def _notice(_number: int, _frame: FrameType | None) -> None:
    """Lets the signal of a child's end wake the template."""
