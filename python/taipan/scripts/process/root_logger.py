"""The root logger: what scripts change of it is for their own request."""

from __future__ import annotations

import logging
from typing import Any

from taipan.scripts.request.current import ScriptRequest, current_request


class _RequestRootLogger(type(logging.root)):  # type: ignore[misc]  # a computed base
    """Has handlers and a level for each request, by default those of the process."""

    @property
    def handlers(self) -> list[logging.Handler]:
        """Those that the script of the caller has put there."""
        request = _outermost_request()
        own: list[logging.Handler] = self.__dict__["handlers"]
        if request is None:
            return own
        if request.log_handlers is None:
            request.log_handlers = own[:]
        return request.log_handlers

    @handlers.setter
    def handlers(self, handlers: list[logging.Handler]) -> None:
        request = _outermost_request()
        if request is None:
            self.__dict__["handlers"] = handlers
        else:
            request.log_handlers = handlers

    @property
    def level(self) -> int:
        """As the script of the caller has set it."""
        request = _outermost_request()
        level = None if request is None else request.log_level
        return self.__dict__["level"] if level is None else level

    @level.setter
    def level(self, level: int) -> None:
        request = _outermost_request()
        if request is None:
            self.__dict__["level"] = level
            return
        if request.log_level is None:
            request.releases.append(_forget_levels)
        request.log_level = level


def _outermost_request() -> ScriptRequest | None:
    request = current_request()
    while request is not None and request.outer is not None:
        request = request.outer
    return request


def _forget_levels() -> None:
    """Loggers remember what the levels above them let through."""
    manager: Any = logging.root.manager
    manager._clear_cache()


def install_root_logger() -> None:
    """Gives requests a root logger of their own. May be called twice."""
    if not isinstance(logging.root, _RequestRootLogger):
        logging.root.__class__ = _RequestRootLogger
