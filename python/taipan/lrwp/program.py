"""All peers of a process, from the start to the stop."""

from __future__ import annotations

import signal
import time
from types import FrameType
from typing import Final

from taipan.lrwp.peer import Peer, PeerSettings
from taipan.native import NativeThread

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Program:
    """Runs peers in threads until a signal, or until one of them gives up.

    Threads share one application, and need no more memory for each request that waits. Who wants
    more than one processor starts the program again: any number may register by one name.
    """

    def __init__(self, settings: PeerSettings, count: int) -> None:
        self._stop = settings.stop
        self._reporter = settings.reporter
        self._peers = [Peer(settings) for _ in range(count)]
        self._failure: BaseException | None = None

    def run(self, grace: float) -> int:
        """The number of requests that were cut off: not answered `grace` seconds after the stop.

        Raises what has ended a peer.
        """
        for number in _SIGNALS:
            signal.signal(number, self._take_signal)
        threads = [NativeThread(self._run_peer, "lrwp", (peer,)) for peer in self._peers]
        for thread in threads:
            thread.start()
        self._stop.wait(None)
        self._reporter.report("info", "stops; requests that have begun may finish")
        deadline = time.monotonic() + grace
        for peer, thread in zip(self._peers, threads):
            if not peer.connecting:
                thread.join(max(0.0, deadline - time.monotonic()))
        if self._failure is not None:
            raise self._failure
        return sum(not peer.ended and not peer.connecting for peer in self._peers)

    def _run_peer(self, peer: Peer) -> None:
        try:
            peer.run()
        except BaseException as error:
            self._failure = self._failure or error
            self._stop.set()

    def _take_signal(self, number: int, frame: FrameType | None) -> None:
        """The second signal ends the process at once."""
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_DFL)
        self._stop.set()
