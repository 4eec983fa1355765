"""The threads of a worker that serve requests, each from a socket of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from taipan.control import Message
from taipan.dispatch import Dispatcher, OtherInterpreters, Request, ServedElsewhere
from taipan.events import TransportClosed
from taipan.frames import FrameError
from taipan.native import NativeThread, allocate_lock, get_ident, prepare_green_waits, socket
from taipan.request_timeout import RequestTimeout
from taipan.stacks import note_thread
from taipan.transports.socket import ThreadSocket


class RequestThreads:
    """Starts the threads, and knows what each of them has.

    `others` are the interpreters that serve some of the applications in its place.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        sockets: Sequence[socket],
        others: OtherInterpreters | None,
    ) -> None:
        self._dispatcher = dispatcher
        self._others = others
        #: Those that were started here.
        self.started: list[NativeThread] = []
        #: By index.
        self.idents: dict[int, int] = {}
        self._starting = allocate_lock()
        self.connect(sockets)

    def connect(self, sockets: Sequence[socket]) -> None:
        """Gives it the sockets of its threads, where they were not known when it was made."""
        self._sockets = sockets
        self._transports = {index: ThreadSocket(sock) for index, sock in enumerate(sockets)}
        self._waiting = iter(list(self._transports.items()))

    def start_aside(self, on_ready: Callable[[], None], on_broken: Callable[[str], None]) -> None:
        """As `start`, in a thread of its own.

        A signal handler that raises while `threading` waits for a new thread would lose its
        exception to the locks there. Call it again if it was interrupted.
        """
        prepare_green_waits()
        starter = NativeThread(
            self._start_threads, "taipan-start", (on_ready, on_broken), listed=False
        )
        _start(starter, on_broken)

    def start(self, on_ready: Callable[[], None], on_broken: Callable[[str], None]) -> None:
        """Starts one thread for each socket.

        `on_ready` is called once, when all threads wait for requests; `on_broken` in a thread that
        has to end, with the reason.
        """
        prepare_green_waits()
        self._start_threads(on_ready, on_broken)

    def _start_threads(
        self, on_ready: Callable[[], None], on_broken: Callable[[str], None]
    ) -> None:
        for index, transport in self._waiting:
            thread = NativeThread(
                self._serve_socket,
                f"taipan-{index}",
                (index, transport, on_ready, on_broken),
                daemon=False,
            )
            self.started.append(thread)
            if not _start(thread, on_broken):
                return

    def _serve_socket(
        self,
        index: int,
        transport: ThreadSocket,
        on_ready: Callable[[], None],
        on_broken: Callable[[str], None],
    ) -> None:
        with self._starting:
            self.idents[index] = get_ident()
            if len(self.idents) == len(self._sockets):
                on_ready()
        self._serve_requests(index, transport, on_broken)

    def serve_here(
        self, index: int, on_ready: Callable[[], None], on_broken: Callable[[str], None]
    ) -> None:
        """Serves the socket of a thread in this thread, until Node or `shutdown` closes it.

        Exceptions of signal handlers between requests are passed on; call it again then.
        """
        prepare_green_waits()
        self.idents[index] = get_ident()
        note_thread()
        transport = self._transports[index]
        on_ready()
        try:
            transport.serve(self._dispatcher.dispatch)
        except TransportClosed:
            pass
        except RequestTimeout:
            # It was injected between two requests.
            transport.finish()
        except (OSError, FrameError) as error:
            transport.finish()
            if isinstance(error, TimeoutError):
                # The socket has no limit: it is of a signal handler.
                raise
            on_broken(f"the socket of thread {index} failed: {error!r}")
        except BaseException:
            transport.finish()
            raise

    def serve_from(
        self, index: int, sock: socket, state: bytes, on_broken: Callable[[str], None]
    ) -> None:
        """Serves the socket of a thread in the place of another interpreter, in this thread."""
        self.idents[index] = get_ident()
        transport = self._transports[index] = ThreadSocket(sock)
        self._serve_requests(index, transport, on_broken, transport.arrive(state))

    def _serve_requests(
        self,
        index: int,
        transport: ThreadSocket,
        on_broken: Callable[[str], None],
        first: Request | None = None,
    ) -> None:
        note_thread()
        dispatcher = self._dispatcher
        dispatch = dispatcher.dispatch if self._others is None else dispatcher.dispatch_own
        foreign: Request | None = None
        while True:
            try:
                if foreign is not None:
                    first, foreign = self._hand_over(index, transport, foreign), None
                    if first is None:
                        return
                request, first = first, None
                transport.serve(dispatch, request)
                return
            except ServedElsewhere as elsewhere:
                foreign = elsewhere.request
            except TransportClosed:
                return
            except RequestTimeout:
                # An interrupt was injected between two requests.
                transport.finish()
            except BaseException as error:
                on_broken(f"the socket of thread {index} failed: {error!r}")
                return

    def _hand_over(self, index: int, transport: ThreadSocket, request: Request) -> Request | None:
        """Has requests served elsewhere; returns the first one that is to be served here again."""
        assert self._others is not None
        state = self._others.serve(index, request[0], transport.leave(request))
        return None if state is None else transport.arrive(state)

    def recall(self, index: int) -> list[int] | None:
        """Takes back the requests that a thread has not read; None if it is elsewhere."""
        transport = self._transports.get(index)
        # It may not have come into this interpreter yet.
        return None if transport is None else transport.recall()

    def is_elsewhere(self, message: Message) -> bool:
        """Whether a message about a thread was passed on to another interpreter."""
        others = self._others
        return (
            others is not None
            and "thread" in message
            and others.pass_on(int(message["thread"]), message)
        )


def _start(thread: NativeThread, on_broken: Callable[[str], None]) -> bool:
    try:
        thread.start()
    except RuntimeError as error:
        on_broken(f"its threads cannot start: {error}")
        return False
    return True
