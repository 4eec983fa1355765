"""What can go wrong between a peer and its agent."""

from __future__ import annotations


class AgentError(Exception):
    """The agent cannot be reached, or does not keep to the protocol."""


class AgentGone(AgentError):
    """The agent has closed the connection."""


class Refused(Exception):
    """The agent does not take the registration; the message is what it said."""


#: Characters of a foreign text that a message shows.
_SHOWN = 200


def show_bytes(data: bytes) -> str:
    """What an agent has sent, as printable text for a message."""
    text = ascii(data[:_SHOWN].decode("latin-1"))[1:-1]
    return f"{text} ..." if len(data) > _SHOWN else text
