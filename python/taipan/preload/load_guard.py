"""Ends a template that Node has given up, or left, while it loads the applications."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Callable

from taipan.control import ControlChannel, Message
from taipan.native import POLLIN, NativeThread, poll, socketpair

#: Node may have ended without closing the control channel.
_LOOK_MS = 1000


class LoadGuard:
    """Looks at the control channel in a thread, which has ended before anything is forked."""

    def __init__(self, channel: ControlChannel, on_end: Callable[[], None]) -> None:
        self._channel = channel
        self._on_end = on_end
        self._near, self._far = socketpair()
        self._thread = NativeThread(self._run, "taipan-guard", listed=False)

    def start(self) -> None:
        """Begins to look."""
        self._thread.start()

    def stop(self) -> None:
        """Resolves when the thread has ended."""
        self._far.send(b"!")
        self._thread.join()
        self._near.close()
        self._far.close()

    def _run(self) -> None:
        poller = poll()
        poller.register(self._near, POLLIN)
        poller.register(self._channel.fileno(), POLLIN)
        self._end_if(_is_stop(self._channel.take_pending()))
        while True:
            ready = [descriptor for descriptor, _events in poller.poll(_LOOK_MS)]
            if self._near.fileno() in ready:
                return
            has_messages = self._channel.fileno() in ready
            self._end_if(has_messages and _is_stop(self._channel.take_messages()))
            self._end_if(self._channel.orphaned)

    def _end_if(self, wanted: bool) -> None:
        if wanted:
            self._on_end()
            os._exit(0)


def _is_stop(messages: Sequence[Message] | None) -> bool:
    return messages is None or any(message.get("type") == "stop" for message in messages)
