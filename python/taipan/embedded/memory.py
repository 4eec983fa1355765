"""Memory shared with Node: one call passes the frames of many requests."""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Mapping
from typing import Any

from taipan.embedded.forks import end_children_at


class SharedMemory:
    """Two regions, one written by Node and one written here, and the time of the next timer."""

    def __init__(self, place: Mapping[str, Any]) -> None:
        address = int(place["address"])
        input_bytes, output_bytes = int(place["inputBytes"]), int(place["outputBytes"])
        #: Milliseconds until Node has to run the loop; -1: never.
        self.timer = ctypes.c_double.from_address(address)
        self.timer.value = -1
        start = address + int(place["inputOffset"])
        self.input = _view(start, input_bytes)
        self._output = _view(address + int(place["outputOffset"]), output_bytes)
        self._size = output_bytes
        self._filled = 0
        #: Data that did not fit, until Node has read some.
        self.rest: deque[memoryview] = deque()

    def put(self, data: bytes | memoryview) -> None:
        """Adds data for Node; what does not fit follows in the next calls."""
        start = self._filled
        end = start + len(data)
        if end <= self._size and not self.rest:
            self._output[start:end] = data
            self._filled = end
        elif data:
            self.rest.append(memoryview(data))

    def take(self) -> int:
        """Number of bytes for Node, which reads them before the next call."""
        filled = self._filled
        self._filled = 0
        return filled

    def drop(self) -> None:
        """Drops data that Node has not read."""
        self._filled = 0
        self.rest.clear()

    def close(self) -> None:
        """Releases Node's memory; later data is dropped."""
        self.drop()
        self._size = 0
        self._output = self.input = memoryview(b"")
        self.timer = ctypes.c_double()

    def refill(self) -> None:
        """Adds data that did not fit into the last call."""
        rest = self.rest
        while rest and self._filled < self._size:
            data = rest[0]
            start = self._filled
            end = min(self._size, start + len(data))
            self._output[start:end] = data[: end - start]
            self._filled = end
            if end - start == len(data):
                rest.popleft()
            else:
                rest[0] = data[end - start :]


# Called at the end of each turn.
end_children_at(SharedMemory, "take")


def _view(address: int, size: int) -> memoryview:
    return memoryview((ctypes.c_ubyte * size).from_address(address)).cast("B")
