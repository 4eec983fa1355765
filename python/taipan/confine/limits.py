"""Limits of the system for a process."""

from __future__ import annotations

import os
import resource
from collections.abc import Mapping

from taipan.confine.refused import Refused


def set_limits(limits: Mapping[str, int]) -> None:
    """Sets limits by their names without `RLIMIT_`, soft and hard alike."""
    for name, value in limits.items():
        number = getattr(resource, f"RLIMIT_{name}", None)
        if number is None:
            raise Refused(f"this system has no limit RLIMIT_{name}")
        try:
            resource.setrlimit(number, (value, value))
        except (OSError, ValueError) as error:
            hard = resource.getrlimit(number)[1]
            raise Refused(
                f"RLIMIT_{name} cannot be {value}, this process has at most {hard}: {error}"
            ) from None


def set_niceness(niceness: int | None) -> None:
    """Sets the priority of the process, -20 to 20."""
    if niceness is None:
        return
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    except OSError as error:
        raise Refused(f"cpuPriority cannot be {niceness}: {error.strerror}") from None
