"""`breakpoint()` and `pdb.set_trace()` of applications, on the terminal of the server."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, TextIO

from taipan.logs import Logs
from taipan.native import allocate_lock

if TYPE_CHECKING:
    from taipan.debugger_prompt import Streams

_MISSING = (
    "breakpoint() did not stop at {place}, because there is no terminal to type on: start the"
    " server by 'taipan serve ... --dev' in the foreground of a terminal, with worker processes"
)
_GREETING = (
    "\ntaipan: process {pid} waits for you, and no time limit counts; c continues, q ends the"
    " request\n"
)


class Debugger:
    """Stops the callers of `breakpoint()`, one at a time, where there is a terminal.

    `descriptor` is that of the terminal, and `tell` says to Node whether somebody types.
    """

    def __init__(
        self, logs: Logs, descriptor: int | None = None, tell: Callable[[bool], None] | None = None
    ) -> None:
        self._logs = logs
        self._descriptor = descriptor
        self._tell = tell
        self._streams: Streams | None = None
        #: Held while somebody types.
        self._turn = allocate_lock()

    def install(self) -> None:
        """Takes the place of Python's own, unless the user has chosen another debugger."""
        if os.environ.get("PYTHONBREAKPOINT"):
            return
        sys.breakpointhook = self.stop
        if self._descriptor is not None:
            # Only where somebody develops, because it imports much.
            import pdb

            pdb.set_trace = self.stop

    def stop(self, *_arguments: Any, **_options: Any) -> None:
        """Stops in the frame of the caller, or says why not."""
        frame = sys._getframe(1)
        if self._descriptor is None or not _is_in_foreground():
            place = f"{frame.f_code.co_filename}:{frame.f_lineno}"
            self._logs.report("warning", _MISSING.format(place=place))
            return
        from taipan.debugger_prompt import Prompt

        if self._streams is None:
            self._streams = _open(self._descriptor)
        self._logs.flush()
        Prompt(self._streams, self._hold).set_trace(frame)

    @contextmanager
    def _hold(self) -> Iterator[None]:
        """Nobody else types meanwhile, in any process of the server."""
        assert self._streams is not None and self._tell is not None
        terminal = self._streams[1]
        with self._turn, _lock(terminal.fileno()):
            self._tell(True)
            terminal.write(_GREETING.format(pid=os.getpid()))
            try:
                yield
            finally:
                self._tell(False)


def take_terminal(descriptor: int, wanted: int) -> int | None:
    """Moves the terminal that Node has handed over to another descriptor; None if it has not."""
    if not os.isatty(descriptor):
        return None
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, wanted)
    os.close(descriptor)
    return moved


def _open(descriptor: int) -> tuple[TextIO, TextIO]:
    reader = open(descriptor, encoding="utf-8", errors="replace", closefd=False)
    writer = open(descriptor, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)
    return reader, writer


def _is_in_foreground() -> bool:
    """Whether the terminal listens to the server: a shell may type there meanwhile."""
    try:
        # Linux, proc(5): state, parent, process group, session, terminal, its foreground group.
        fields = Path(f"/proc/{os.getppid()}/stat").read_text("utf-8", "replace")
    except OSError:
        return True
    _, _, group, _, _, foreground, *_ = fields.rpartition(")")[2].split()
    return group == foreground


@contextmanager
def _lock(descriptor: int) -> Iterator[None]:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX)
    except OSError:
        # The system has no locks for terminals.
        yield
        return
    try:
        yield
    finally:
        fcntl.lockf(descriptor, fcntl.LOCK_UN)
