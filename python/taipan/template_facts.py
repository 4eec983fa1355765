"""Facts that a process which ends with its request publishes to the template it was forked from.

Later processes would have to find them out again; the template applies them, so that they are
there at the start.
"""

from __future__ import annotations

from typing import Callable

_subscribers: dict[str, Callable[[str], object]] = {}
_send: Callable[[str, str], None] | None = None


def subscribe(topic: str, apply: Callable[[str], object]) -> None:
    """Has `apply` called in the template with each fact of a topic that a child publishes."""
    _subscribers[topic] = apply


def publish_by(send: Callable[[str, str], None] | None) -> None:
    """Gives a child the way to its template; elsewhere `publish` does nothing."""
    global _send
    _send = send


def publish(topic: str, fact: str) -> None:
    """Tells the template a fact."""
    if _send is not None:
        _send(topic, fact)


def apply_fact(topic: str, fact: str) -> None:
    """Tells a fact to who subscribed to its topic. One that is wrong by now is no error."""
    apply = _subscribers.get(topic)
    if apply is not None:
        try:
            apply(fact)
        except Exception:
            pass
