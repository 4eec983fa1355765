"""The exception by which handlers end."""

from __future__ import annotations


class ServerReturn(Exception):
    """Ends a handler with what it has written for OK and DONE, else with the answer of a status.

    The second argument, if there is one, is a status of the response.
    """
