"""Runs a program that answers no requests on the main thread of a worker."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from inspect import iscoroutine
from types import FrameType
from typing import Any, Callable, Union

from taipan.serving import Serving
from taipan.tracebacks import format_exception, summarize

#: `module:function`, a module, a file, or the words of a command.
Program = Union[str, Sequence[str]]

_FAILED = 1
#: Time in seconds that a command gets to end.
_PATIENCE = 3.0


class ServiceRunner:
    """The runner of a worker in place of an event loop or threads for requests.

    A stop is a SIGTERM for the program: without a handler of its own it gets a `SystemExit`.
    """

    def __init__(self, task: Mapping[str, Any], serving: Serving) -> None:
        self._name = str(task["name"])
        self._program: Program = task["run"]
        self._serving = serving
        self._ready = False
        self._stopping = False
        self._child: subprocess.Popen[bytes] | None = None
        #: With which the process should end.
        self.exit_code = 0

    def run(self) -> None:
        """Runs the program to its end, and tells Node how it ended."""
        if not self._ready:
            self._ready = True
            self._serving.report_ready()
        before = signal.signal(signal.SIGTERM, _leave)
        try:
            if not self._stopping:
                self._run()
        except SystemExit as error:
            if not self._stopping:
                self.exit_code = _read_code(error)
        except BaseException as error:
            self.exit_code = _FAILED
            self._serving.logs.report(
                "error", f"{self._name} failed: {summarize(error)}", format_exception(error)
            )
        finally:
            signal.signal(signal.SIGTERM, before)
        if self.exit_code == 0 and not self._stopping:
            self._serving.channel.send({"type": "finished"})

    def stop(self) -> None:
        """Asks the program to end. Safe in any thread and in signal handlers."""
        if self._stopping:
            return
        self._stopping = True
        child = self._child
        if child is not None:
            child.terminate()
        else:
            os.kill(os.getpid(), signal.SIGTERM)

    def end(self, _deadline: float) -> None:
        """Does nothing, because nothing is left."""

    def _run(self) -> None:
        program = self._program
        if not isinstance(program, str):
            self._run_command(program)
        elif program.endswith(".py"):
            sys.argv[:] = [program]
            sys.path.insert(0, os.path.dirname(program))
            runpy.run_path(program, run_name="__main__")
        elif ":" in program:
            module, _, attribute = program.partition(":")
            _call(_find(import_module(module), attribute))
        else:
            sys.argv[:] = [program]
            runpy.run_module(program, run_name="__main__", alter_sys=True)

    def _run_command(self, words: Sequence[str]) -> None:
        with subprocess.Popen(list(words), stdin=subprocess.DEVNULL) as child:
            self._child = child
            try:
                if self._stopping:
                    child.terminate()
                code = child.wait()
            except BaseException:
                child.terminate()
                try:
                    child.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    child.kill()
                raise
            finally:
                self._child = None
        if code != 0 and not self._stopping:
            how = f"signal {-code}" if code < 0 else f"code {code}"
            self._serving.logs.report("error", f"{self._name}: {words[0]} ended with {how}")
            self.exit_code = _FAILED


def _find(module: object, attribute: str) -> Callable[[], object]:
    found: Any = module
    for name in attribute.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{attribute} is not a function: {found!r}")
    function: Callable[[], object] = found
    return function


def _call(function: Callable[[], object]) -> None:
    result = function()
    if iscoroutine(result):
        # Imported late, because asyncio is large.
        import asyncio

        asyncio.run(result)


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


def _read_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    return error.code if isinstance(error.code, int) else _FAILED
