"""The one error of this room."""

from __future__ import annotations


class Refused(Exception):
    """The process cannot become what is asked for; the message says why, for people."""
