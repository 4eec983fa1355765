"""The C stack that Node runs Python on: none that the system knows as this thread's."""

from __future__ import annotations

import ctypes
import sys
import threading
from typing import Any

#: Python's limits on recursion assume as much as a program's first thread usually has.
_THREAD_BYTES = 16 * 1024 * 1024


def enlarge_threads() -> None:
    """Gives threads that are started from now on a stack that Python's limits fit into.

    The system's default may be 2 MiB. Only what is used of a stack takes memory.
    """
    try:
        threading.stack_size(_THREAD_BYTES)
    except (RuntimeError, ValueError):
        pass


def protect() -> None:
    """Tells Python >= 3.14 the bounds of the stack that the caller runs on.

    It compares addresses with them: without, each call takes a slow path, and recursion without end
    is noticed too late.
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
    """The mapping of memory that an address lies in."""
    with open("/proc/self/maps", encoding="ascii", errors="replace") as maps:
        for line in maps:
            low, _, high = line.split(" ", 1)[0].partition("-")
            if int(low, 16) <= address < int(high, 16):
                return int(low, 16), int(high, 16)
    return None


def _address_on_stack() -> int:
    """An address in the frame of a C function, which shows its callback a structure of its own."""
    found: list[int] = []

    def take(info: int, _size: int, _data: Any) -> int:
        found.append(info)
        return 1

    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
    ctypes.CDLL(None).dl_iterate_phdr(kind(take), None)
    return found[0]
