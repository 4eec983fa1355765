"""What a worker has to serve requests, in a process of its own or inside Node."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Callable

from taipan.applications import Applications
from taipan.control import ControlChannel, Message
from taipan.dispatch import Dispatcher, OtherInterpreters
from taipan.events import Development, Editor
from taipan.loader.explain import explain_load_error, format_load_error
from taipan.logs import Logs, Requests
from taipan.mod_wsgi.finder import install_finder
from taipan.mod_wsgi.place import PLACE
from taipan.named_code import NotThere
from taipan.native import socket
from taipan.request_threads import RequestThreads
from taipan.stacks import Stack, format_stack
from taipan.stopping import Stopping, tell_stopping
from taipan.wsgi import WsgiSettings


class Serving:
    """The applications of a configuration, the threads that serve them, and the answers to Node.

    `others` are the interpreters that serve some of the applications in its place.
    """

    def __init__(
        self,
        channel: ControlChannel,
        config: Mapping[str, Any],
        sockets: Sequence[socket],
        output: tuple[Logs, Requests],
        others: OtherInterpreters | None = None,
    ) -> None:
        logs, requests = output
        self.channel = channel
        self.config = config
        self.logs = logs
        self.requests = requests
        self.stopping = Stopping()
        self.settings = WsgiSettings(logs, _development(config), self.stopping)
        self._others = others
        stand_ins = {} if others is None else others.stand_ins(config["applications"])
        self.applications = Applications(channel, config, logs, self.stopping, stand_ins)
        self.slots = self.applications.slots
        self.dispatcher = Dispatcher(self.slots, logs, requests, self.settings)
        self.dispatcher.elsewhere = set(stand_ins)
        self.threads = RequestThreads(self.dispatcher, sockets, others)
        #: Returns the stack of a request on the event loop, also after it was cancelled.
        self.find_stream: Callable[[int, str], Stack | None] = lambda _number, _request: None
        #: Called when Node has been told that the worker is ready.
        self.on_ready: Callable[[], None] = lambda: None
        #: Name of the event loop; None if no application needs one.
        self.loop: str | None = None

    def handlers(self) -> dict[str, Callable[[Message], None]]:
        """Handlers for the messages of the control channel."""
        return {
            "ping": lambda message: self.channel.send({"type": "pong", "id": message.get("id")}),
            "interrupt": self._on_interrupt,
            "recall": self._on_recall,
            "stopping": self._on_stopping,
            "stacks": self._on_stacks,
        }

    def load(self) -> bool:
        """Loads the applications. False, after telling Node, if the worker is not worth keeping."""
        self.prepare()
        return self.applications.load()

    def prepare(self) -> None:
        """Sets what applications find in `sys`."""
        PLACE.configure(self.config, self._observe)
        install_finder()
        if self.config.get("environ") == "mod_wsgi":
            self._observe()
        sys.argv = [str(argument) for argument in self.config.get("argv") or [""]]
        sys.path[:0] = [
            folder for folder in self.config.get("searchPath", []) if folder not in sys.path
        ]

    def _observe(self) -> None:
        if self.dispatcher.observe is None:
            # Imported late, because few applications need it.
            from taipan.mod_wsgi.observer import Observer

            self.dispatcher.observe = Observer(self.config).observe

    @property
    def on_main_thread(self) -> bool:
        """Whether requests for WSGI applications run on the main thread of this process."""
        return bool(self.config.get("mainThread"))

    def report_ready(self) -> None:
        """Tells Node that the worker is ready for requests."""
        message: dict[str, object] = {
            "type": "ready",
            "python": platform.python_version(),
            "applications": [slot.describe() for slot in self.slots],
        }
        if self.loop is not None:
            message["loop"] = self.loop
        self.channel.send(message)
        self.on_ready()

    def report_not_there(self, error: NotThere) -> None:
        """Tells Node that the configuration names code that is not there."""
        self.logs.flush()
        self.channel.send(
            {"type": "failed", "application": None, "summary": str(error), "traceback": ""}
        )

    def report_loop_failure(self, error: BaseException) -> None:
        """Tells Node that no application can be served on an event loop."""
        self.logs.flush()
        self.channel.send(
            {
                "type": "failed",
                "application": None,
                "summary": explain_load_error(error),
                "traceback": format_load_error(error),
            }
        )

    def _on_interrupt(self, message: Message) -> None:
        if self.threads.is_elsewhere(message):
            return
        request = str(message["request"])
        stack: Stack | None = None
        if "stream" in message:
            stack = self.find_stream(int(message["stream"]), request)
        elif (ident := self.threads.idents.get(int(message["thread"]))) is not None:
            stack = self.dispatcher.interrupt(ident, request)
        self.channel.send(
            {
                "type": "interrupted",
                "request": request,
                "facts": message.get("facts"),
                "stack": "" if stack is None else format_stack(stack),
            }
        )

    def tell_stopping(self) -> None:
        """Tells the applications that this worker begins to end. May be called again."""
        tell_stopping(self.stopping)

    def _on_stopping(self, message: Message) -> None:
        PLACE.note_end(str(message.get("reason", "")))
        self.tell_stopping()
        if self._others is not None:
            self._others.tell(message)

    def _on_stacks(self, message: Message) -> None:
        # Imported late, because hardly any worker is asked.
        from taipan.running import describe_running

        idents = self.threads.idents
        elsewhere = 0
        if "thread" not in message:
            elsewhere = sum(
                self.threads.is_elsewhere({**message, "thread": index}) for index in idents
            )
        found = describe_running(message, idents, self.requests, self.find_stream)
        self.channel.send({**found, "more": elsewhere})

    def _on_recall(self, message: Message) -> None:
        index = int(message["thread"])
        serials = self.threads.recall(index)
        if serials is None:
            if self.threads.is_elsewhere(message):
                return
            serials = []
        self.channel.send({"type": "recalled", "thread": index, "requests": serials})


def _development(config: Mapping[str, Any]) -> Development | None:
    if not config.get("dev", False):
        return None
    editor = config.get("editor")
    return Development(editor and Editor(**editor))
