"""Subscribers to what happens to requests and to the process."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Callable, Optional

from taipan.mod_wsgi.place import PLACE
from taipan.native import get_ident
from taipan.tracebacks import format_exception

#: Takes the name of an event and its facts; a dict that it returns is added to the facts.
Subscriber = Callable[..., Optional[dict[str, Any]]]

event_callbacks: list[Subscriber] = []
shutdown_callbacks: list[Subscriber] = []
signal_callbacks: list[Subscriber] = []
#: What is known of each request that runs, by its id.
active_requests: dict[str, dict[str, Any]] = {}

_SIGNALS = ("SIGHUP", "SIGUSR2")
_of_thread: dict[int, dict[str, Any]] = {}
_process = os.getpid()
_told = False


def subscribe_events(callback: Subscriber) -> Subscriber:
    """Has events of requests and the end of the process told. Can be a decorator."""
    event_callbacks.append(callback)
    return callback


def subscribe_shutdown(callback: Subscriber) -> Subscriber:
    """Has the end of the process told. Can be a decorator."""
    shutdown_callbacks.append(callback)
    return callback


def subscribe_signals(callback: Subscriber) -> Subscriber:
    """Has SIGHUP and SIGUSR2 told that this process gets. Can be a decorator."""
    if not signal_callbacks:
        for name in _SIGNALS:
            # Outside of the main thread, and inside Node, there are none.
            with suppress(ValueError):
                signal.signal(getattr(signal, name), _on_signal)
    signal_callbacks.append(callback)
    return callback


def request_data() -> dict[str, Any]:
    """What is known of the request that this thread serves. Raises `RuntimeError` outside."""
    data = _of_thread.get(get_ident())
    if data is None:
        raise RuntimeError("no request is being served by this thread")
    return data


def begin_request(request: str) -> dict[str, Any]:
    """A request begins; returns the place for what subscribers keep about it."""
    data: dict[str, Any] = {}
    active_requests[request] = data
    return data


def end_request(request: str) -> None:
    """It is over."""
    active_requests.pop(request, None)


def enter_request(data: dict[str, Any]) -> None:
    """This thread goes on with the request of this place."""
    _of_thread[get_ident()] = data


def leave_request() -> None:
    """This thread does something else, or nothing."""
    _of_thread.pop(get_ident(), None)


def fire(
    name: str, facts: dict[str, Any], callbacks: list[Subscriber] = event_callbacks
) -> dict[str, Any]:
    """Tells an event; returns the facts with what subscribers have added.

    What a subscriber raises is logged, and stops nothing.
    """
    for callback in list(callbacks):
        try:
            added = callback(name, **facts)
        except Exception as error:
            print(format_exception(error), file=sys.stderr, end="")
            continue
        if isinstance(added, dict):
            facts.update(added)
    return facts


def _on_signal(number: int, _frame: object) -> None:
    facts = {"signame": signal.Signals(number).name, "signum": int(number)}
    fire("process_signal", facts, signal_callbacks)


def _tell_end() -> None:
    global _told
    # A forked child of the application runs the handlers, too.
    if _told or os.getpid() != _process:
        return
    _told = True
    facts = {"shutdown_reason": PLACE.shutdown_reason}
    fire("process_stopping", dict(facts))
    fire("process_stopping", dict(facts), shutdown_callbacks)


atexit.register(_tell_end)
