"""The program of a worker: takes what Node gives it, and runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Any

from taipan.confine.inside import settle
from taipan.control import ControlChannel, write_error
from taipan.debugger import take_terminal
from taipan.descriptors import choose_base, take_request_sockets, take_socket
from taipan.tracebacks import format_exception
from taipan.worker_process import EXIT_BROKEN, UNUSED, Worker, ignore_signal

_CONTROL_DESCRIPTOR = 3
#: Those of the threads follow.
_LOOP_DESCRIPTOR = 4
#: Of a template.
_DOOR_DESCRIPTOR = 4
_NOT_BY_NODE = (
    "taipan: this program works for Taipan's server alone; an application that starts its own"
    " program again, as reloaders do, cannot start it\n"
)


def main() -> None:
    """Runs a worker on the inherited descriptors from 3 up."""
    # The default action would end the process.
    for number in UNUSED:
        signal.signal(number, ignore_signal)
    base = choose_base()
    try:
        channel = ControlChannel(take_socket(_CONTROL_DESCRIPTOR, base))
    except OSError:
        write_error(_NOT_BY_NODE)
        os._exit(EXIT_BROKEN)
    try:
        config = channel.receive()
        settle(config)
        if config.get("template"):
            worker = _fork_from_template(channel, config, base)
        else:
            end = _LOOP_DESCRIPTOR + 1 + int(config["threads"])
            terminal = take_terminal(end, base + end)
            sockets = take_request_sockets(range(_LOOP_DESCRIPTOR, end), base)
            worker = Worker(channel, config, sockets._replace(terminal=terminal))
    except (EOFError, OSError):
        os._exit(0)
    try:
        worker.run()
    except BaseException as error:
        # The usual end of Python would wait for our threads.
        write_error(f"taipan: this worker failed: {format_exception(error)}")
        os._exit(EXIT_BROKEN)


def _fork_from_template(channel: ControlChannel, config: Mapping[str, Any], base: int) -> Worker:
    """Makes this process a template, and returns in the workers that are forked from it."""
    # Imported late, because it is an option.
    from taipan.preload.template import Template as Original

    door = take_socket(_DOOR_DESCRIPTOR, base + 1)
    terminal = take_terminal(_DOOR_DESCRIPTOR + 1, base + 2)
    sockets, loaded = Original(channel, config, door, base).run()
    return Worker(channel, channel.receive(), sockets._replace(terminal=terminal), loaded)
