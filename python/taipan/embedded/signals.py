"""Signals belong to Node: handlers of applications are ignored, with a warning."""

from __future__ import annotations

import signal
from typing import Any, Callable

Report = Callable[[str, str], None]

_PATCHED = ("signal", "set_wakeup_fd", "siginterrupt", "alarm", "setitimer")
#: Signals that Node and its event loop may handle.
NODES = (
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGCHLD,
    signal.SIGWINCH,
)


def install(report: Report) -> None:
    """Replaces the functions that would change the handling of signals."""
    reported: set[str] = set()

    def warn(call: str) -> None:
        # Reported once per function, because a loop may call it at each start.
        if call not in reported:
            reported.add(call)
            report("warning", f"{call} is ignored: inside Node, signals are handled by Node")

    patched: Any = signal
    real = {name: getattr(signal, name) for name in _PATCHED}
    real_signal = signal.signal

    def ignore_signal(signalnum: Any, handler: Any) -> Any:
        """Ignored inside Node."""
        if not callable(handler) and handler not in (signal.SIG_DFL, signal.SIG_IGN):
            # Raises as usual.
            return real_signal(signalnum, handler)
        warn(f"signal.signal({_name(signalnum)}, ...)")
        return signal.getsignal(signalnum)

    def ignore_wakeup(fd: int, *, warn_on_full_buffer: bool = True) -> int:
        """Ignored inside Node."""
        return -1

    def ignore(name: str, result: object) -> Callable[..., object]:
        def ignored(*_args: object) -> object:
            """Ignored inside Node."""
            warn(f"signal.{name}(...)")
            return result

        return ignored

    patched.signal = ignore_signal
    patched.set_wakeup_fd = ignore_wakeup
    patched.siginterrupt = lambda signalnum, flag: None
    patched.alarm = ignore("alarm", 0)
    patched.setitimer = ignore("setitimer", (0.0, 0.0))

    def restore() -> None:
        for name, function in real.items():
            setattr(patched, name, function)

    _restore.append(restore)


_restore: list[Callable[[], None]] = []


def restore_in_child() -> None:
    """Restores the default handlers in a forked child; Node's write to a pipe shared with Node."""
    for restore in _restore:
        restore()
    for number in NODES:
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _name(signalnum: Any) -> str:
    try:
        return signal.Signals(signalnum).name
    except ValueError:
        return str(signalnum)
