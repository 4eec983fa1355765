"""One peer: registers, answers requests one after another, and comes back when its agent does."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final, NamedTuple

from taipan.events import Reporter
from taipan.lrwp.address import Address, connect
from taipan.lrwp.backoff import Backoff
from taipan.lrwp.errors import AgentError, AgentGone
from taipan.lrwp.output import CountedOutput
from taipan.lrwp.registration import Registration, register
from taipan.lrwp.request import read_request
from taipan.lrwp.stop import Stop
from taipan.lrwp.stream import AgentStream
from taipan.lrwp.wsgi import WsgiAnswerer

#: Seconds after which a connection was a good one, even without a request.
_STABLE: Final = 5.0


class PeerSettings(NamedTuple):
    """What all peers of a process share."""

    address: Address
    registration: Registration
    answerer: WsgiAnswerer
    reporter: Reporter
    stop: Stop
    #: Seconds in which an agent has to be reached for the first time.
    patience: float


class Peer:
    """A peer of an agent. `run` takes a thread."""

    #: It tries to register, and has no request in its hands.
    connecting = True
    #: It answers no more.
    ended = False
    _known = False
    _missed = False

    def __init__(self, settings: PeerSettings) -> None:
        self._settings = settings
        self._backoff = Backoff()
        self._give_up = time.monotonic() + settings.patience

    def run(self) -> None:
        """Returns after the stop. Raises `Refused`, and `AgentError` if no agent is ever there."""
        stop = self._settings.stop
        try:
            while not stop.is_set:
                self._meet()
                stop.wait(self._backoff.next())
        finally:
            self.ended = True

    def _meet(self) -> None:
        """Registers, and serves the connection to its end."""
        try:
            stream = self._open()
        except AgentError as error:
            self._report_missed(error)
            return
        begun = time.monotonic()
        with closing(stream):
            self._serve(stream)
        if time.monotonic() - begun > _STABLE:
            self._backoff.reset()

    def _open(self) -> AgentStream:
        """Connects and registers."""
        self.connecting = True
        settings = self._settings
        stream = AgentStream(connect(settings.address))
        try:
            register(stream, settings.registration)
        except BaseException:
            stream.close()
            raise
        self.connecting = False
        self._known, self._missed = True, False
        self._report("info", f"registered as {settings.registration.name}")
        return stream

    def _serve(self, stream: AgentStream) -> None:
        """Answers until the stop, or as long as the agent is there."""
        stop = self._settings.stop
        try:
            while stream.wait(stop.fileno()):
                if not stream.peek(1):
                    raise AgentGone("it closed the connection")
                if self._answer(stream):
                    break
            stream.leave()
        except AgentGone as error:
            self._report("info", f"{error}; the peer comes back")
        except AgentError as error:
            self._report("error", f"{error}; the peer comes back")
        except OSError as error:
            self._report("error", f"no room for the request: {error}; the peer comes back")

    def _answer(self, stream: AgentStream) -> bool:
        """Whether it was the last answer."""
        with closing(read_request(stream)) as request, closing(CountedOutput()) as output:
            self._settings.answerer.answer(request, output)
            # An agent that gets the end together with the answer sends no other request.
            leaving = self._settings.stop.is_set
            output.send(stream, leaving=leaving)
        self._backoff.reset()
        return leaving

    def _report_missed(self, error: AgentError) -> None:
        """Says it once until it works again."""
        if not self._known and time.monotonic() >= self._give_up:
            raise error
        if not self._missed:
            self._report("warning", f"{error}; the peer tries again")
        self._missed = True

    def _report(self, level: str, text: str) -> None:
        self._settings.reporter.report(level, f"{self._settings.address}: {text}")
