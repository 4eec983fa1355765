"""Functions of the application that are called at turns of a worker's life: see docs/hooks.md."""

from __future__ import annotations

import inspect
import os
from collections import deque
from collections.abc import Mapping
from types import ModuleType
from typing import Any, Callable

from taipan.control import Message
from taipan.events import Reporter
from taipan.named_code import NotThere, import_named, is_needed
from taipan.native import NativeThread, allocate_lock
from taipan.tracebacks import format_exception, summarize

_MODULE = "taipan_hooks"


class Hooks:
    """The hooks of one process. What they raise is logged, and costs nothing else."""

    def __init__(self, reporter: Reporter, send: Callable[[Message], None]) -> None:
        self._reporter = reporter
        self._send = send
        self._module: ModuleType | None = None
        #: Calls for the thread of the hooks; it runs while there are some.
        self._calls: deque[tuple[str, int]] = deque()
        self._lock = allocate_lock()
        self._running = False

    def load(self, config: Mapping[str, Any]) -> None:
        """Imports the module that is configured, or `taipan_hooks.py` beside an application.

        Raises `NotThere` for the name of none.
        """
        name = config.get("hooks") or _find_usual(config)
        if not name:
            return
        try:
            self._module = import_named("hooks", name)
        except BaseException as error:
            if isinstance(error, NotThere) and is_needed(config):
                raise
            text = f"the hooks of module {name} could not be imported: {summarize(error)}"
            self._reporter.report("error", text, format_exception(error))

    def begin(self) -> None:
        """The applications are loaded in this process, which will serve them."""
        if self._find("child_exit") is not None:
            # Node then tells this process of others that have ended.
            self._send({"type": "hooks"})
        self.call("post_fork", os.getpid())

    def tell_ready(self) -> None:
        """Requests may come; the hook does not hold them up."""
        self._call_aside("worker_ready", os.getpid())

    def end(self) -> None:
        """This process answers no more requests."""
        self.call("worker_exit", os.getpid())

    def handlers(self) -> dict[str, Callable[[Message], None]]:
        """Handlers for the messages of the control channel."""
        return {"childExit": lambda message: self._call_aside("child_exit", int(message["pid"]))}

    def call(self, name: str, pid: int) -> None:
        """Calls a hook, if there is one."""
        hook = self._find(name)
        if hook is None:
            return
        try:
            if _takes_argument(hook):
                hook(pid)
            else:
                hook()
        except BaseException as error:
            text = f"the hook {name} of process {pid} failed: {summarize(error)}"
            self._reporter.report("error", text, format_exception(error))

    def _find(self, name: str) -> Callable[..., object] | None:
        hook = getattr(self._module, name, None)
        return hook if callable(hook) else None

    def _call_aside(self, name: str, pid: int) -> None:
        """Calls it in another thread, one call after the other."""
        if self._find(name) is None:
            self._note_done(name, pid)
            return
        with self._lock:
            self._calls.append((name, pid))
            if self._running:
                return
            self._running = True
        NativeThread(self._run, "taipan-hooks").start()

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._calls:
                    self._running = False
                    return
                name, pid = self._calls.popleft()
            self.call(name, pid)
            self._note_done(name, pid)

    def _note_done(self, name: str, pid: int) -> None:
        if name == "child_exit":
            self._send({"type": "told", "pid": pid})


def _find_usual(config: Mapping[str, Any]) -> str:
    folders = config.get("searchPath", [])
    there = any(os.path.isfile(os.path.join(folder, f"{_MODULE}.py")) for folder in folders)
    return _MODULE if there else ""


def _takes_argument(hook: Callable[..., object]) -> bool:
    """Whether it takes the number of a process; those about the own one need not."""
    try:
        inspect.signature(hook).bind(0)
    except TypeError:
        return False
    except ValueError:
        pass
    return True
