"""Why a script cannot say who may come in."""

from __future__ import annotations


class GuardError(Exception):
    """A script lacks a function, or one returned what has no meaning."""
