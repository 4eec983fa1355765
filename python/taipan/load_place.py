"""Where the load of an application stands, in the person's own code."""

from __future__ import annotations

import os
from collections.abc import Sequence
from traceback import FrameSummary
from typing import Final

from taipan.places import is_library, is_standard, shorten_path
from taipan.tracebacks import is_own, shorten

_CODE_LIMIT: Final = 120
#: Functions of packages that return when their server ends.
_SERVING: Final = frozenset(
    (
        "block",
        "launch",
        "quickstart",
        "run",
        "run_app",
        "run_forever",
        "run_server",
        "run_simple",
        "serve",
        "serve_forever",
        "server",
        "start",
    )
)
#: Those of the standard library, whose `run` may be of `subprocess` or `asyncio`.
_STANDARD_SERVING: Final = frozenset(("run_forever", "serve_forever"))


def describe_place(frames: Sequence[FrameSummary]) -> str:
    """The line that runs, and what to do when it serves; empty when no code of the person runs.

    `frames` begin with the outermost.
    """
    at = _find_last(frames, len(frames))
    if at < 0:
        return ""
    text = f"{_name_line(frames[at])}{_show_code(frames[at])}"
    return f"{text}; {_advise(frames, at)}" if _serves(frames, at) else text


def describe_server(frames: Sequence[FrameSummary]) -> str:
    """As `describe_place`, when that line runs a server; empty otherwise."""
    return describe_place(frames) if _serves(frames, _find_last(frames, len(frames))) else ""


def _find_last(frames: Sequence[FrameSummary], end: int, name: str = "") -> int:
    """The index of the last frame before `end` of the person's own code, of this name if given."""
    for index in range(end - 1, -1, -1):
        frame = frames[index]
        if is_library(frame.filename) or is_own(frame.filename):
            continue
        if os.path.isabs(frame.filename) and name in ("", frame.name):
            return index
    return -1


def _serves(frames: Sequence[FrameSummary], at: int) -> bool:
    if at < 0 or at + 1 >= len(frames):
        return False
    called = frames[at + 1]
    return called.name in (_STANDARD_SERVING if is_standard(called.filename) else _SERVING)


def _advise(frames: Sequence[FrameSummary], at: int) -> str:
    module = _find_last(frames, at + 1, "<module>")
    if module < 0:
        return "remove that: Taipan serves the application"
    what = "it" if module == at else f"{_name_line(frames[module])}, which calls that,"
    return f'put {what} under if __name__ == "__main__":'


def _name_line(frame: FrameSummary) -> str:
    return f"{shorten_path(frame.filename)} line {frame.lineno}"


def _show_code(frame: FrameSummary) -> str:
    code = shorten(frame.line or "", _CODE_LIMIT)
    # The rest of a call is on other lines.
    code += "...)" if code.endswith("(") else ""
    return code and f" is in {code}"
