"""Errors of pools."""

from __future__ import annotations


class PoolError(RuntimeError):
    """A pool or one of its handles failed; the message begins with the name of the pool."""
