"""Programs that a script starts: they inherit its variables, and print into its response."""

from __future__ import annotations

import functools
import inspect
import os
import subprocess
from typing import Any, Callable

from taipan.scripts.process.program_output import ProgramOutput
from taipan.scripts.process.streams import RequestOutput
from taipan.scripts.request.current import ScriptRequest, current_environment, current_request
from taipan.scripts.request.text_output import BinaryOutput, TextOutput

#: Attribute of a `Popen` for its pipe to the response.
_OUTPUT = "_taipan_output"


def install_programs() -> None:
    """Ties the programs that are started to the request of the caller."""
    popen: Any = subprocess.Popen
    popen.__init__ = _start(popen.__init__)
    popen.poll = _poll(popen.poll)
    popen.wait = _wait(popen.wait)
    os.system = _system(os.system)
    os.execv = _execv(os.execv)


def _start(original: Any) -> Any:
    signature = inspect.signature(original)

    @functools.wraps(original)
    def start(self: Any, *args: Any, **named: Any) -> None:
        request = current_request()
        if request is None:
            original(self, *args, **named)
            return
        given = signature.bind(self, *args, **named)
        if given.arguments.get("env") is None and request.has_environment:
            given.arguments["env"] = dict(os.environ)
        if not _belongs_to(request, given.arguments.get("stdout")):
            original(*given.args, **given.kwargs)
            return
        output = self.__dict__[_OUTPUT] = ProgramOutput(request)
        given.arguments["stdout"] = output.writing
        try:
            original(*given.args, **given.kwargs)
        except BaseException:
            output.failed()
            raise
        output.started()

    return start


def _belongs_to(request: ScriptRequest, stdout: Any) -> bool:
    """Whether the output of a program goes to the response."""
    if request.stdout is not request.text:
        return False
    return stdout is None or isinstance(stdout, (RequestOutput, TextOutput, BinaryOutput))


def _poll(original: Any) -> Any:
    @functools.wraps(original)
    def poll(self: Any) -> Any:
        code = original(self)
        output = self.__dict__.get(_OUTPUT)
        if output is not None:
            output.drain()
        return code

    return poll


def _wait(original: Any) -> Any:
    @functools.wraps(original)
    def wait(self: Any, timeout: float | None = None) -> Any:
        output = self.__dict__.get(_OUTPUT)
        if output is None:
            return original(self, timeout=timeout)
        timeout = output.follow(self, timeout)
        return original(self, timeout=timeout)

    return wait


def _system(original: Callable[[Any], int]) -> Any:
    @functools.wraps(original)
    def system(command: Any) -> int:
        if current_request() is None:
            return original(command)
        code = subprocess.call(command, shell=True)
        return code << 8 if code >= 0 else -code

    return system


def _execv(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(path: Any, args: Any, /) -> Any:
        if current_environment() is None:
            return original(path, args)
        return os.execve(path, args, dict(os.environ))

    return execute
