"""Tries to load something in a forked process, where nothing of it may stay in this one."""

from __future__ import annotations

import json
import os
from typing import Callable, NoReturn

from taipan.loader.errors import Explained
from taipan.loader.explain import explain_load_error, format_load_error


class FailedApart(Explained):
    """Loading it in another process has failed."""


def try_apart(load: Callable[[], object]) -> None:
    """Calls it in a forked process. Raises `FailedApart`. The caller is the only thread."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _try(load, writer)
    os.close(writer)
    with open(reader, encoding="utf-8") as stream:
        answer = stream.read()
    _, status = os.waitpid(pid, 0)
    if not answer:
        raise FailedApart(f"loading it ended the process ({os.waitstatus_to_exitcode(status)})")
    failure = json.loads(answer)
    if failure:
        raise FailedApart(*failure)


def _try(load: Callable[[], object], writer: int) -> NoReturn:
    failure: list[str] = []
    try:
        try:
            load()
        except BaseException as error:
            failure = [explain_load_error(error), format_load_error(error)]
        with open(writer, "w", encoding="utf-8", errors="replace") as stream:
            json.dump(failure, stream)
    finally:
        os._exit(0)
