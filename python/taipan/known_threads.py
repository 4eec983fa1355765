"""Finds the frames of threads, without looking into other interpreters."""

from __future__ import annotations

from types import FrameType
from typing import Any

from taipan.native import allocate_lock, get_ident


class KnownThreads:
    """The threads of this interpreter that have asked to be known.

    `sys._current_frames()` has the frames of all interpreters, which corrupts memory where each has
    its own lock. Without `ctypes`, as in a sub-interpreter of CPython 3.12, none is.
    """

    def __init__(self) -> None:
        self._states: dict[int, int] = {}
        #: Held while a thread is looked at, which must not end meanwhile.
        self._looking = allocate_lock()
        try:
            import ctypes
        except ImportError:
            self._api: Any = None
            return
        # Not `ctypes.pythonapi`, whose types of arguments are the application's.
        self._api = ctypes.PyDLL(None)
        self._api.PyThreadState_Get.restype = ctypes.c_void_p
        self._api.PyThreadState_GetFrame.argtypes = [ctypes.c_void_p]
        self._api.PyThreadState_GetFrame.restype = ctypes.py_object

    def add(self) -> None:
        """Makes the calling thread known, until `remove`."""
        if self._api is not None:
            self._states[get_ident()] = self._api.PyThreadState_Get()

    def remove(self) -> None:
        """The calling thread ends."""
        with self._looking:
            self._states.pop(get_ident(), None)

    def find(self, ident: int) -> FrameType | None:
        """The innermost frame of a thread; None if it is not known."""
        with self._looking:
            state = self._states.get(ident)
            if state is None:
                return None
            try:
                frame: FrameType = self._api.PyThreadState_GetFrame(state)
            except ValueError:
                # It runs no Python code.
                return None
            return frame
