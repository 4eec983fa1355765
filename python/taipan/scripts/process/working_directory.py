"""The working directory of a script: the folder of its file."""

from __future__ import annotations

import functools
import os
import sys
import threading
from typing import Any

#: Clone flag of Linux: working directory and umask.
_CLONE_FS = 0x200


class _Place(threading.local):
    """The directory of a thread, as far as it is known."""

    #: It has a directory of its own; None until it has tried.
    separate: bool | None = None
    #: Empty if the script may have changed it.
    current = ""


_place = _Place()


class WorkingDirectory:
    """Changes into the folder of each script, where nothing else is disturbed by that.

    On Linux a thread can have a directory of its own. Elsewhere it is the process's, so it is
    changed only where one request runs at a time.
    """

    def __init__(self, *, alone: bool) -> None:
        #: One request at a time in this process.
        self._alone = alone
        self._base = os.getcwd()
        os.chdir = _forgetting(os.chdir)
        os.fchdir = _forgetting(os.fchdir)

    def enter(self, folder: str) -> bool:
        """Makes the folder the directory of the caller; False if that is impossible here."""
        if _place.current == folder:
            return True
        if not (self._alone or _is_separate()):
            return False
        os.chdir(folder)
        _place.current = folder
        return True

    def stay(self, _folder: str) -> bool:
        """Undoes for the caller what `enter` did for earlier scripts; always True."""
        if (self._alone or _place.separate) and _place.current != self._base:
            os.chdir(self._base)
            _place.current = self._base
        return True

    def leave(self) -> None:
        """Undoes what `enter` and the script did."""
        if self._alone or _place.separate:
            os.chdir(self._base)


def _is_separate() -> bool:
    if _place.separate is None:
        _place.separate = _unshare()
    return _place.separate


def _unshare() -> bool:
    """Gives the calling thread a directory of its own; False where the system cannot."""
    is_main = threading.get_ident() == threading.main_thread().ident
    if is_main or not sys.platform.startswith("linux"):
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


def _forgetting(change: Any) -> Any:
    if hasattr(change, "taipan_notes"):
        return change

    @functools.wraps(change)
    def changed(place: Any) -> None:
        _place.current = ""
        change(place)

    marked: Any = changed
    marked.taipan_notes = True
    return marked
