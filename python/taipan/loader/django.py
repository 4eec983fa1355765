"""Finds the application of a Django project by its `manage.py`, and what Django is told."""

from __future__ import annotations

import ast
import importlib
import logging
import os
from typing import Any, Callable

from taipan.loader.errors import TargetError
from taipan.loader.importable import find_class

_VARIABLE = "DJANGO_SETTINGS_MODULE"


def find_settings(manage: str) -> str | None:
    """The default settings module in a `manage.py`; None if it sets none."""
    with open(manage, "rb") as stream:
        tree = ast.parse(stream.read(), manage)
    for node in ast.walk(tree):
        value: ast.expr | None = None
        if isinstance(node, ast.Call) and len(node.args) == 2 and _is_variable(node.args[0]):
            value = node.args[1]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            if _is_variable(node.targets[0].slice):
                value = node.value
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            return value.value
    return None


def find_active_settings(application: object) -> Any:
    """The settings when Django answers; None for all other applications."""
    kinds = (
        find_class("django.core.handlers.base", "BaseHandler"),
        find_class("channels.routing", "ProtocolTypeRouter"),
    )
    if not isinstance(application, tuple(kind for kind in kinds if kind is not None)):
        return None
    return importlib.import_module("django.conf").settings


def let_errors_be_logged(application: object) -> None:
    """Lets Django's own handler print errors without DEBUG, too.

    With no LOGGING in the settings Django would mail them to the admins, and print nothing.
    """
    settings = find_active_settings(application)
    if settings is None or settings.DEBUG or settings.LOGGING:
        return
    for handler in logging.getLogger("django").handlers:
        if type(handler) is logging.StreamHandler:
            handler.filters.clear()
            handler.setLevel(logging.ERROR)


def load_urls() -> None:
    """Imports what Django's first request would: views, and engines of templates.

    No effect without a Django application. Raises what that raises.
    """
    if find_class("django.core.handlers.base", "BaseHandler") is None:
        return
    if not importlib.import_module("django.conf").settings.configured:
        return
    # A property that imports the modules.
    importlib.import_module("django.urls").get_resolver().url_patterns  # noqa: B018
    importlib.import_module("django.template").engines.all()


def load_django(folder: str, interface: str) -> tuple[Callable[..., Any], str]:
    """The application of the project in `folder`, and the setting that named it.

    ASGI if `interface` or the settings ask for it, as Channels does. Raises what loading raises.
    """
    if not os.environ.get(_VARIABLE):
        manage = os.path.join(folder, "manage.py")
        settings_module = find_settings(manage)
        if settings_module is None:
            raise TargetError(f"{manage} does not name the settings module; set {_VARIABLE}")
        os.environ[_VARIABLE] = settings_module
    settings: Any = importlib.import_module("django.conf").settings
    if interface == "auto":
        interface = "asgi" if getattr(settings, "ASGI_APPLICATION", None) else "wsgi"
    setting = f"{interface.upper()}_APPLICATION"
    dotted = getattr(settings, setting, None)
    if dotted:
        module, _, attribute = str(dotted).rpartition(".")
        if not module:
            raise TargetError(f"{setting} = {dotted!r} in the settings is not a dotted name")
        try:
            return getattr(importlib.import_module(module), attribute), str(dotted)
        except AttributeError:
            raise TargetError(
                f"{setting} = {dotted!r} in the settings: {module} has no {attribute!r}"
            ) from None
    factory = getattr(
        importlib.import_module(f"django.core.{interface}"), f"get_{interface}_application"
    )
    return factory(), f"django.core.{interface}.get_{interface}_application()"


def _is_variable(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == _VARIABLE
