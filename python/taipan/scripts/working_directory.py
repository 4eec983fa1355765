"""The working directory of a script: the folder of its file."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

#: Clone flag of Linux: working directory and umask.
_CLONE_FS = 0x200


class WorkingDirectory:
    """Changes into the folder of each script, where nothing else is disturbed by that.

    On Linux a thread can have a directory of its own. Elsewhere it is the process's, so it is
    changed only where one request runs at a time.
    """

    def __init__(self, *, alone: bool) -> None:
        #: One request at a time in this process.
        self._alone = alone
        self._base = os.getcwd()
        self._own = threading.local()

    def enter(self, folder: str) -> bool:
        """Makes the folder the directory of the caller; False if that is impossible here."""
        if not self._may_change():
            return False
        os.chdir(folder)
        return True

    def leave(self) -> None:
        """Undoes what `enter` and the script did."""
        if self._alone or getattr(self._own, "separate", False):
            os.chdir(self._base)

    def _may_change(self) -> bool:
        if self._alone:
            return True
        separate = getattr(self._own, "separate", None)
        if separate is None:
            separate = self._own.separate = _unshare()
        return bool(separate)


def _unshare() -> bool:
    """Gives the calling thread a directory of its own; False where the system cannot."""
    if (
        not sys.platform.startswith("linux")
        or threading.main_thread().ident == threading.get_ident()
    ):
        return False
    unshare: Any = getattr(os, "unshare", None)
    try:
        if unshare is not None:
            unshare(_CLONE_FS)
            return True
        import ctypes

        return bool(ctypes.CDLL(None).unshare(_CLONE_FS) == 0)
    except (OSError, AttributeError):
        return False
