"""The promise that a process and its children never gain rights."""

from __future__ import annotations

import sys
from typing import Callable

from taipan.confine.refused import Refused

_PR_SET_NO_NEW_PRIVS = 38


def load_promise() -> Callable[[], None]:
    """What makes the promise: set-user-id programs have no effect from then on.

    It is loaded while the root of the file system is the one of Python. Only Linux has it.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    try:
        # Not every Python has it.
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError) as error:
        raise Refused(
            f"noNewPrivileges needs the module ctypes of {sys.executable}: {error}"
        ) from None

    def promise() -> None:
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
            raise Refused("noNewPrivileges is not known to this kernel")

    return promise
