"""The C stack that Node runs Python on, which is not the system's stack of the thread."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

#: Python's recursion limits assume the usual stack size of a program's first thread.
_THREAD_BYTES = 16 * 1024 * 1024


def enlarge_threads() -> None:
    """Enlarges the stacks of threads that are started from now on, for Python's recursion limits.

    The system's default may be 2 MiB. Only the used part of a stack needs memory.
    """
    try:
        threading.stack_size(_THREAD_BYTES)
    except (RuntimeError, ValueError):
        pass


def protect() -> None:
    """Tells Python >= 3.14 the bounds of the caller's stack.

    Otherwise each call takes a slow path, and infinite recursion is detected too late.
    """
    if sys.version_info < (3, 14):
        return
    bounds = find_bounds(_address_on_stack())
    if bounds is None:
        return
    low, high = bounds
    state = ctypes.pythonapi.PyThreadState_Get
    state.restype = ctypes.c_void_p
    set_protection = ctypes.pythonapi.PyUnstable_ThreadState_SetStackProtection
    set_protection.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    if set_protection(state(), low, high - low) != 0:
        raise MemoryError(f"the stack of Node has only {high - low} bytes")


def find_bounds(address: int) -> tuple[int, int] | None:
    """The memory mapping that contains an address."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            low, _, high = line.split(" ", 1)[0].partition("-")
            if int(low, 16) <= address < int(high, 16):
                return int(low, 16), int(high, 16)
    return None


def _address_on_stack() -> int:
    """An address in the frame of a C function, which passes a structure there to its callback."""
    found: list[int] = []

    def take(info: int, _size: int, _data: Any) -> int:
        found.append(info)
        return 1

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    ctypes.CDLL(None).dl_iterate_phdr(kind(take), None)
    return found[0]
