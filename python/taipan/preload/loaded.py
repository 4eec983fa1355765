"""What a forked worker has from its template."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from taipan.descriptors import RequestSockets
from taipan.hooks import Hooks
from taipan.logs import Logs
from taipan.serving import Serving

if TYPE_CHECKING:
    from taipan.loop import LoopRunner


class Loaded(NamedTuple):
    """The applications, and what knows of them."""

    logs: Logs
    serving: Serving
    #: None: no application may need one.
    loop: LoopRunner | None
    hooks: Hooks


class Forked(NamedTuple):
    """The beginning of a forked worker, whose signals are held back."""

    sockets: RequestSockets
    loaded: Loaded
