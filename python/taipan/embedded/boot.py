"""The first code in an embedded interpreter, which lets Node call functions by name."""

from __future__ import annotations

import ctypes
import faulthandler
import importlib
import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, Callable

from taipan.embedded import forks, stack
from taipan.tracebacks import format_exception, summarize

#: Call and answer of Node, kept until the next call of the same thread.
_answers = threading.local()
_kept: list[object] = []


class Exchange(ctypes.Structure):
    """Memory of Node for calls and answers."""

    _fields_ = [
        ("request", ctypes.c_void_p),
        ("request_bytes", ctypes.c_size_t),
        ("answer", ctypes.c_void_p),
        ("answer_bytes", ctypes.c_size_t),
    ]


def start(address: int, settings: Mapping[str, Any]) -> int:
    """Prepares the interpreter; returns the address of the function for all further calls."""
    stack.protect()
    stack.enlarge_threads()
    _replace_standard_input()
    _hand_down_descriptors()
    _load_shared_with_node()
    _set_main(str(settings["script"]))
    if settings["dumpsCrashes"] and not faulthandler.is_enabled():
        faulthandler.enable(2)
    exchange = Exchange.from_address(address)

    def call() -> None:
        answer = _call(ctypes.string_at(exchange.request, exchange.request_bytes))
        forks.end_child()
        _answers.latest = answer
        exchange.answer = ctypes.cast(ctypes.c_char_p(answer), ctypes.c_void_p).value
        exchange.answer_bytes = len(answer)

    return keep_function(ctypes.CFUNCTYPE(None)(call))


def keep_function(function: Any) -> int:
    """The address of a ctypes function, valid for the life of the process."""
    _kept.append(function)
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)


def _call(request: bytes) -> bytes:
    try:
        target, arguments = json.loads(request)
        module, _, name = target.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        answer: dict[str, Any] = {"value": function(*arguments)}
    except BaseException as error:
        answer = {"error": summarize(error), "traceback": format_exception(error)}
    return json.dumps(answer).encode("ascii")


def execute(source: str) -> Any:
    """Runs source code and returns its `result`; for tests and debugging."""
    names: dict[str, Any] = {"result": None}
    exec(compile(source, "<taipan>", "exec"), names)
    return names["result"]


def set_environment(changes: Mapping[str, str | None]) -> None:
    """Sets and removes variables, for Python and for the process."""
    for name, value in changes.items():
        if value is not None:
            os.environ[name] = value
        elif name in os.environ:
            del os.environ[name]


def _set_main(script: str) -> None:
    """Sets the script that child processes of `multiprocessing` import, for its module finders."""
    main = sys.modules["__main__"]
    main.__file__ = script


def _replace_standard_input() -> None:
    """Replaces standard input, which Node reads."""
    empty = open(os.devnull, encoding="utf-8")
    sys.stdin = sys.__stdin__ = empty  # type: ignore[misc]


def _load_shared_with_node() -> None:
    """Makes modules use the libraries that they were built with.

    Node exports its own OpenSSL and Zstandard, which would come first: objects of one version would
    get into functions of the other, and crash.
    """
    flags = sys.getdlopenflags()
    sys.setdlopenflags(flags | getattr(os, "RTLD_DEEPBIND", 0))
    for name in ("_hashlib", "_ssl", "_zstd"):
        try:
            importlib.import_module(name)
        except ImportError:
            pass
    sys.setdlopenflags(flags)


def _hand_down_descriptors() -> None:
    """Makes standard descriptors inheritable, which Node closes in children and Python needs."""
    for descriptor in (0, 1, 2):
        try:
            os.set_inheritable(descriptor, True)
        except OSError:
            pass
