"""What programs print that a script starts: it belongs to the response, in the order of CGI."""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from typing import Any

from taipan.scripts.request.current import ScriptRequest

_BLOCK = 64 * 1024
#: Seconds between looks at a program where the system has no descriptors of processes.
_LOOK_INTERVAL = 0.02


class ProgramOutput:
    """A pipe from a program to the response of the request that started it.

    The thread that waits for the program reads it, and the end of the script, so that everything
    arrives in order.
    """

    def __init__(self, request: ScriptRequest) -> None:
        self._request = request
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._open = True
        self._lock = threading.Lock()

    def started(self) -> None:
        """The program has its own descriptor of the pipe."""
        os.close(self.writing)
        self._request.releases.append(self._leave)
        self._request.exits.append(self.drain)

    def failed(self) -> None:
        """There is no program."""
        os.close(self.writing)
        self._close()

    def drain(self) -> None:
        """Passes on what is there."""
        with self._lock:
            while self._open:
                try:
                    block = os.read(self._reading, _BLOCK)
                except BlockingIOError:
                    return
                if block:
                    self._request.text.pass_on()
                    self._request.output.add(block)
                else:
                    self._close()

    def follow(self, process: subprocess.Popen[Any], timeout: float | None) -> float | None:
        """Passes on what the program prints until it has ended; gives what is left of `timeout`."""
        until = None if timeout is None else time.monotonic() + timeout
        ended = _open_process(process.pid) if process.returncode is None else None
        left = timeout
        try:
            while process.returncode is None and self._open:
                if (left is not None and left <= 0) or self._wait(process.pid, ended, left):
                    break
                self.drain()
                left = None if until is None else until - time.monotonic()
        finally:
            if ended is not None:
                os.close(ended)
        self.drain()
        return None if left is None else max(left, 0)

    def _wait(self, pid: int, ended: int | None, left: float | None) -> bool:
        """Waits for output or the end of the program; whether it has ended."""
        if ended is not None:
            return ended in select.select([self._reading, ended], [], [], left)[0]
        interval = _LOOK_INTERVAL if left is None else min(left, _LOOK_INTERVAL)
        select.select([self._reading], [], [], interval)
        return _has_ended(pid)

    def _leave(self) -> None:
        """The request is over: what a program prints afterwards is logged."""
        with self._lock:
            if self._open:
                self._open = False
                os.set_blocking(self._reading, True)
                name = "taipan-program-output"
                threading.Thread(target=_log, args=(self._reading,), name=name, daemon=True).start()

    def _close(self) -> None:
        os.close(self._reading)
        self._open = False


def _log(reading: int) -> None:
    with open(reading, "rb", buffering=0) as pipe:
        while block := pipe.read(_BLOCK):
            os.write(1, block)


def _open_process(pid: int) -> int | None:
    """A descriptor that tells when the process has ended; None where there is none (Linux 5.3)."""
    try:
        return os.pidfd_open(pid) if hasattr(os, "pidfd_open") else None
    except OSError:
        return None


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
