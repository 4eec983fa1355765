"""`os.environ` of the present request."""

from __future__ import annotations

import os
from typing import Any

from taipan.scripts.request.current import current_environment


# The class has no public name.
class _RequestEnvironment(type(os.environ)):  # type: ignore[misc]
    """`os.environ`: the variables of the request; outside of requests those of the process."""

    @property
    def _data(self) -> dict[bytes, bytes]:
        request = current_environment()
        data: dict[bytes, bytes] = self.__dict__["_data"] if request is None else request.variables
        return data

    def __setitem__(self, key: Any, value: Any) -> None:
        # Not putenv: the C library's variables belong to all threads.
        request = current_environment()
        if request is None:
            super().__setitem__(key, value)
        else:
            name, content = self.encodekey(key), self.encodevalue(value)
            # As putenv, which is not called, because no program could be started afterwards.
            if not name or b"=" in name or b"\0" in name + content:
                raise ValueError(f"illegal environment variable: {key!r}")
            request.variables[name] = content

    def __delitem__(self, key: Any) -> None:
        request = current_environment()
        if request is None:
            super().__delitem__(key)
            return
        try:
            del request.variables[self.encodekey(key)]
        except KeyError:
            raise KeyError(key) from None


def install_environment() -> None:
    """Gives requests an `os.environ` of their own."""
    os.environ.__class__ = _RequestEnvironment
    if hasattr(os, "environb"):
        os.environb.__class__ = _RequestEnvironment
