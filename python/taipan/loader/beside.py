"""Which applications cannot run beside others in one process."""

from __future__ import annotations

from collections.abc import Sequence

from taipan.loader.errors import TargetError
from taipan.loader.slot import Slot

_NO_LOOP = (
    "it is an ASGI application, whose event loop needs the main thread of its process, which"
    " `threads: 'main'` gives to the WSGI applications of its group: give it a group of its own"
)


def refuse_loop(slots: Sequence[Slot]) -> None:
    """Marks ASGI applications as failed where WSGI applications occupy the main thread."""
    served = [slot for slot in slots if slot.failure is None]
    if all(slot.interface == "asgi" for slot in served):
        return
    for slot in served:
        if slot.interface == "asgi":
            # Node would wait for an event loop.
            slot.interface = "wsgi"
            slot.fail(TargetError(_NO_LOOP))
