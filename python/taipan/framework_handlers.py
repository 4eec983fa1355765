"""Handlers by which frameworks print records as long as an application has configured none."""

from __future__ import annotations

import logging
import sys
from types import FrameType
from typing import Any

_EMIT = logging.StreamHandler.emit.__code__
#: Modules with a `default_handler`, and the format that it has by itself.
_MODULES = ("flask.logging", "quart.logging")
_FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"


def find_record(frame: FrameType) -> logging.LogRecord | None:
    """The record that this frame prints, if it is of the default handler of a framework."""
    if frame.f_code is not _EMIT:
        return None
    names = frame.f_locals
    handler = names["self"]
    if _is_default(handler) or _is_django_default(handler):
        record: logging.LogRecord = names["record"]
        return record
    return None


def _is_default(handler: logging.Handler) -> bool:
    defaults = [getattr(sys.modules.get(name), "default_handler", None) for name in _MODULES]
    # The format is what applications change of it.
    return handler in defaults and getattr(handler.formatter, "_fmt", None) == _FORMAT


def _is_django_default(handler: logging.Handler) -> bool:
    settings: Any = getattr(sys.modules.get("django.conf"), "settings", None)
    if settings is None or handler.formatter is not None:
        return False
    return (
        handler in logging.getLogger("django").handlers
        and settings.configured
        and not settings.LOGGING
    )
