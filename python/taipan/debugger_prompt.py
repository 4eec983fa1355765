"""Python's debugger on a terminal that is not standard input."""

from __future__ import annotations

import os
import pdb
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, Callable, TextIO

#: To read from a terminal, and to write to it.
Streams = tuple[TextIO, TextIO]

_HERE = os.path.dirname(__file__) + os.sep


class Prompt(pdb.Pdb):
    """Holds the terminal while it waits, and lets go when the application returns to Taipan."""

    def __init__(self, streams: Streams, hold: Callable[[], AbstractContextManager[None]]) -> None:
        reader, writer = streams
        super().__init__(stdin=reader, stdout=writer, skip=["taipan.*"], nosigint=True)
        self._hold = hold

    def interaction(self, *arguments: Any, **options: Any) -> None:
        """Waits for commands."""
        with self._hold():
            super().interaction(*arguments, **options)

    def user_return(self, frame: FrameType, return_value: Any) -> None:
        """A function returns."""
        super().user_return(frame, return_value)
        caller = frame.f_back
        if caller is None or caller.f_code.co_filename.startswith(_HERE):
            # The next request of this thread is none of its business.
            self.set_continue()
