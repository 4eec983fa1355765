"""What a worker sets for itself, before it imports any application."""

from __future__ import annotations

import _thread
import os
from collections.abc import Mapping
from typing import Any

_PAGE = 4096


def settle(config: Mapping[str, Any]) -> None:
    """Sets title, stack size and locale, and warns of what is not possible."""
    title = config.get("displayName")
    if title is not None:
        # Imported late, as few need it.
        from taipan.confine.title import set_title

        set_title(title.replace("%{GROUP}", config["group"]))
    stack = config.get("stackSize")
    if stack is not None:
        _set_stack_size(int(stack))
    name = config.get("locale")
    if name is not None:
        _set_locale(name)


def _set_stack_size(wanted: int) -> None:
    whole = -(-wanted // _PAGE) * _PAGE
    try:
        _thread.stack_size(whole)
    except (ValueError, RuntimeError) as error:
        _warn(f"stackSize: threads keep the stack that the system gives them: {error}")


def _set_locale(name: str) -> None:
    import locale

    try:
        locale.setlocale(locale.LC_ALL, name)
    except locale.Error:
        _warn(f"locale: this system does not have {name}; 'locale -a' lists those that it has")


def _warn(text: str) -> None:
    os.write(2, f"taipan: {text}\n".encode())
