"""The promise that a process and its children never gain rights."""

from __future__ import annotations

import sys

from taipan.confine.refused import Refused

_PR_SET_NO_NEW_PRIVS = 38


def forbid_privileges() -> None:
    """Set-user-id programs have no effect from now on. Only Linux has such a thing."""
    if not sys.platform.startswith("linux"):
        return
    try:
        # Not every Python has it.
        import ctypes

        libc = ctypes.CDLL(None, use_errno=True)
    except (ImportError, OSError) as error:
        raise Refused(
            f"noNewPrivileges needs the module ctypes of {sys.executable}: {error}"
        ) from None
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise Refused("noNewPrivileges is not known to this kernel")
