"""Functions that a script registers for its end run when its request ends."""

from __future__ import annotations

import atexit
import functools
import sys
from typing import Any

from taipan.scripts.request.current import current_request


def install_exits() -> None:
    """Tells registrations of scripts from those of the modules they import."""
    register: Any = atexit.register

    @functools.wraps(register)
    def register_for_request(function: Any, /, *args: Any, **named: Any) -> Any:
        request = current_request()
        # Modules stay loaded, and so do their functions.
        if request is None or sys._getframe(1).f_globals is not request.namespace:
            return register(function, *args, **named)
        request.exits.append(functools.partial(function, *args, **named))
        return function

    atexit.register = register_for_request
