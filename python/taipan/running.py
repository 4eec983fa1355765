"""What runs in a worker at the moment, for those who ask by the control channel."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping
from typing import Callable, Final

from taipan.control import Message
from taipan.logs import Requests
from taipan.native import get_ident
from taipan.stacks import Stack, capture_thread, format_stack, knows_all_threads

FindStream = Callable[[int, str], "Stack | None"]

#: Where threads of executors wait for work.
_EXECUTOR: Final = "concurrent/futures/thread.py"
#: Most stacks of one answer, and of threads that serve no request.
_MOST: Final = 200
_MOST_OTHERS: Final = 50


def describe_running(
    message: Message, idents: Mapping[int, int], requests: Requests, find_stream: FindStream
) -> dict[str, object]:
    """The answer to one who asks: what threads and tasks do, as far as they do something.

    `idents` are the threads of requests, by index; a message may ask for one of them alone.
    """
    thread = message.get("thread")
    asked = {index: idents[index] for index in list(idents) if thread in (None, index)}
    found = [*_list_threads(asked, requests)]
    if thread is None:
        found += [*_list_tasks(message.get("streams"), find_stream), *_list_others(idents)]
    return {"type": "stacks", "id": message.get("id"), "stacks": found[:_MOST]}


def _list_threads(idents: Mapping[int, int], requests: Requests) -> Iterator[Message]:
    """The threads that serve a request; `idents` are those of all, by index."""
    for index, ident in list(idents.items()):
        request = requests.of_thread.get(ident)
        if request is not None:
            yield _describe("thread", f"taipan-{index}", capture_thread(ident), request)


def _list_tasks(asked: object, find_stream: FindStream) -> Iterator[Message]:
    """The tasks of requests on an event loop; `asked` are pairs of a number and a request."""
    for number, request in asked if isinstance(asked, list) else ():
        stack = find_stream(int(number), str(request))
        if stack is not None:
            yield _describe("task", f"stream {number}", stack, str(request))


def _list_others(idents: Mapping[int, int]) -> Iterator[Message]:
    """Threads that the application has started, as far as they do something."""
    if not knows_all_threads():
        return
    known = {*idents.values(), get_ident(), threading.main_thread().ident}
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    left = _MOST_OTHERS
    for ident in list(sys._current_frames()):
        if ident in known or left == 0:
            continue
        stack = capture_thread(ident)
        if stack and stack[0].filename.replace("\\", "/").endswith(_EXECUTOR):
            continue
        described = _describe("thread", names.get(ident, str(ident)), stack, None)
        if described["stack"]:
            left -= 1
            yield described


def _describe(kind: str, name: str, stack: Stack, request: str | None) -> Message:
    return {"kind": kind, "name": name, "request": request, "stack": format_stack(stack)}
