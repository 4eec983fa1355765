"""What runs in a sub-interpreter: it is to the main interpreter what a worker is to Node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from taipan.control import ControlChannel, ControlThread, Message
from taipan.debugger import Debugger
from taipan.ending import end_interpreter
from taipan.interpreters.environment import separate_environment
from taipan.interpreters.limits import limit_inside
from taipan.interpreters.link import Link
from taipan.interpreters.names import interpreter_of
from taipan.loader.errors import TargetError
from taipan.loader.slot import Slot
from taipan.logs import Logs, Requests
from taipan.native import NativeThread, SimpleQueue, socket
from taipan.serving import Serving
from taipan.stacks import forget_thread

_ASGI = (
    "it is an ASGI application, which cannot run in a sub-interpreter: leave out `interpreter`"
    " and give it a group of its own, which has processes of its own"
)


def main(descriptor: int) -> None:
    """Serves by the messages that come through a socket, until it is told to stop."""
    limit_inside()
    separate_environment()
    channel = ControlChannel(socket(fileno=descriptor))
    _Inside(channel, channel.receive()).run()


class _Inside:
    """The applications and threads of a sub-interpreter."""

    def __init__(self, channel: ControlChannel, config: Mapping[str, Any]) -> None:
        self._channel = channel
        requests = Requests()
        self._logs = Logs(channel.send, requests)
        self._links: dict[int, Link] = {}
        #: What this thread has to do, while another one answers.
        self._waiting: SimpleQueue[Message] = SimpleQueue()
        self._config = config
        self._serving = Serving(channel, config, (), (self._logs, requests), self)

    def run(self) -> None:
        """Serves."""
        self._logs.install()
        Debugger(self._logs).install()
        self._serving.prepare()
        handlers = {
            **self._serving.handlers(),
            "load": self._waiting.put,
            "stop": self._waiting.put,
            "thread": self._on_thread,
        }
        ControlThread(self._channel, handlers, self._on_control_ended).start()
        while (message := self._waiting.get())["type"] == "load":
            self._load(self._serving.slots[message["application"]])
        self._serving.tell_stopping()
        end_interpreter(float(message["deadline"]), self._logs)
        self._logs.flush()
        self._channel.send({"type": "ended"})

    def stand_ins(self, applications: Sequence[Mapping[str, Any]]) -> dict[int, Slot]:
        """What stands here for the applications of other interpreters, by their index."""
        own = self._config["own"]
        return {
            index: Slot(item, _open_nothing)
            for index, item in enumerate(applications)
            if interpreter_of(item, self._config) != own
        }

    def serve(self, thread: int, _application: int, state: bytes) -> bytes | None:
        """Gives a socket back, and waits until it comes again."""
        link = self._links[thread]
        link.send(state)
        return link.receive()

    def pass_on(self, _thread: int, _message: Message) -> bool:
        """Whoever has the socket knows it."""
        return False

    def tell(self, _message: Message) -> None:
        """The main interpreter tells the others."""

    def _load(self, slot: Slot) -> None:
        self._serving.applications.load_slot(slot)
        require_wsgi(slot)
        self._serving.applications.tell_loading(None)
        self._channel.send({"type": "loaded", "facts": slot.describe()})

    def _on_thread(self, message: Message) -> None:
        index = int(message["thread"])
        sock = socket(fileno=message["socket"])
        link = self._links[index] = Link(socket(fileno=message["link"]))
        thread = partial(self._serve_thread, index, sock, link)
        NativeThread(thread, f"taipan-{index}", daemon=False).start()

    def _serve_thread(self, index: int, sock: socket, link: Link) -> None:
        try:
            state = link.receive()
            if state is not None:
                self._serving.threads.serve_from(index, sock, state, self._on_broken)
        finally:
            forget_thread()
            link.close()

    def _on_control_ended(self) -> None:
        self._on_broken("the control channel of a sub-interpreter has ended")

    def _on_broken(self, text: str) -> None:
        self._channel.send({"type": "broken", "text": text})


def require_wsgi(slot: Slot) -> None:
    """Marks an application as failed that cannot run in a sub-interpreter."""
    if slot.interface == "asgi" and slot.failure is None:
        # Node would wait for an event loop.
        slot.interface = "wsgi"
        slot.fail(TargetError(_ASGI))


def _open_nothing() -> Any:
    raise RuntimeError("this application runs in another interpreter")
