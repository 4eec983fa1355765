"""Tracebacks that name the files that a page includes."""

from __future__ import annotations

from types import FrameType, TracebackType
from typing import Any, Callable

from taipan.psp.program import LineNumbers


class GuardedLines:
    """A page, as far as its tracebacks are concerned."""

    path: str
    numbers: LineNumbers

    def guard(self, call: Callable[..., object], *arguments: Any) -> None:
        """Calls something of the page, so that tracebacks name the files that it includes."""
        try:
            call(*arguments)
        except BaseException as error:
            traceback = error.__traceback__
            if traceback is None or len(self.numbers.paths) == 1:
                raise
            # The first step is this one. Before Python 3.11 a `raise` alone has the old traceback.
            mended = mend_traceback(traceback.tb_next, self.path, self.numbers)
            raise error.with_traceback(mended)  # noqa: B904


def mend_traceback(
    traceback: TracebackType | None, path: str, numbers: LineNumbers
) -> TracebackType | None:
    """A copy in which steps in included files have their file names and lines."""
    steps = []
    while traceback is not None:
        steps.append(traceback)
        traceback = traceback.tb_next
    mended: TracebackType | None = None
    for step in reversed(steps):
        frame, line, instruction = step.tb_frame, step.tb_lineno, step.tb_lasti
        if frame.f_code.co_filename == path:
            file, line = numbers.locate(line)
            if file != path:
                # Its positions have the line of the page; -1 has none.
                frame, instruction = _frame_like(frame, file, line), -1
        mended = TracebackType(mended, frame, instruction, line)
    return mended


class _Stop(Exception):
    pass


def _frame_like(frame: FrameType, file: str, line: int) -> FrameType:
    """A frame of another file with the same variables, since the name of a file is its code's."""
    code = compile("\n" * (line - 1) + "raise _psp_stop", file, "exec")
    code = code.replace(co_name=frame.f_code.co_name)
    try:
        exec(code, {**frame.f_globals, "_psp_stop": _Stop}, dict(frame.f_locals))
    except _Stop as stop:
        traceback = stop.__traceback__
        assert traceback is not None and traceback.tb_next is not None
        return traceback.tb_next.tb_frame
    raise AssertionError
